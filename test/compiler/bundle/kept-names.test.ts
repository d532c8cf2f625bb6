/** Names of functions and classes, in the author's code and in packages. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { withoutIdleNames } from '../../../src/compiler/bundle/kept-names.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

async function names(t: TestContext, files: Parameters<typeof writeFiles>[1]): Promise<unknown> {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, ...files })
  const [entry = ''] = Object.keys(files)
  const bundle = await bundleFunction(join(folder, entry), { minify: true, externals: [], bundled: [] })
  return (await loadBundle(bundle)).exports.handler()
}

for (const wait of ['', 'await null\n']) {
  test(`names that nothing in the code uses stay, and so do those of two files ${wait.trim()}`, async (t) => {
    assert.deepEqual(
      await names(t, {
        'orders.ts': `${wait}
          import { told, find as other, Job as OtherJob } from './stock.ts'
          const register = (made: { name: string }) => made.name
          class AppError extends Error { constructor() { super(); this.name = this.constructor.name } }
          const Declined = (() => class PaymentDeclined extends AppError {})()
          class Job { static is(job: unknown) { return job instanceof Job } }
          const find = (): void => {}
          export const handler = () => [
            register(class SmsJob {}), register(function send() {}), new Declined().name, Job.name, OtherJob.name, find.name, other.name, told,
          ]`,
        'stock.ts': `
          class Job {}
          export { Job }
          export function find() {}
          export const told = (() => { const refund = () => {}; return [refund][0]?.name })()`,
      }),
      ['SmsJob', 'send', 'PaymentDeclined', 'Job', 'Job', 'find', 'find', 'refund'],
    )
  })
}

test('a decorated class of a package, whose name esbuild leaves out, is one by its text, too', async (t) => {
  assert.deepEqual(
    await names(t, {
      'orders.ts': `
        import * as compiled from 'compiled'
        const isClass = (made: unknown) => /^class\\s/.test(Function.prototype.toString.call(made))
        export const handler = () => {
          const { Provider: made } = compiled
          return [isClass(made), made.name, made.value()]
        }`,
      'node_modules/compiled/package.json': { name: 'compiled' },
      // As TypeScript compiles a class with a decorator.
      'node_modules/compiled/index.js':
        "let Provider = class Provider { static value() { return 'told' } };\nProvider = (0, Object)(Provider);\nexports.Provider = Provider;",
    }),
    [true, 'Provider', 'told'],
  )
})

test('the same in packages, of both kinds', async (t) => {
  assert.deepEqual(
    await names(t, {
      'orders.ts': `
        import { Client, names } from 'modern'
        import old from 'old'
        class Failure extends Error {}
        export const handler = () => [Client.name, names(), old.Client.name, new old.Failure().constructor.name, Failure.name]`,
      'node_modules/modern/package.json': { name: 'modern', type: 'module', exports: './index.js' },
      'node_modules/modern/index.js':
        'class Failure extends Error { static from() { return new Failure() } }\nexport class Client {}\nexport const names = () => Failure.from().constructor.name',
      'node_modules/old/package.json': { name: 'old' },
      'node_modules/old/index.js':
        'class Client {}\nclass Failure extends Error {}\nmodule.exports = { Client, Failure }',
    }),
    ['Client', 'Failure', 'Client', 'Failure', 'Failure'],
  )
})

const HELPER = 'var __name=(target,value)=>__defProp(target,"name",{value,configurable:!0});'

for (const [what, code, expected] of [
  ['behind a declaration', 'function a(){}__name(a,"a");', 'function a(){}       a     ;'],
  ['of another name', 'function a2(){}__name(a2,"a");', 'function a2(){}__name(a2,"a");'],
  ['of a variable’s value', 'var a=__name(()=>1,"a");', 'var a=       ()=>1     ;'],
  ['of a property’s value', 'x({a:__name(function(){},"a")});', 'x({a:       function(){}     });'],
  ['of a class', 'class A{static{__name(this,"A")}b(){}}', 'class A{                        b(){}}'],
  [
    'of a class of another name',
    'var A=class _A{static{__name(this,"A")}}',
    'var A=class _A{static{__name(this,"A")}}',
  ],
  ['of what is called at once', '__name(function a(){},"a")();', '__name(function a(){},"a")();'],
  ['in a text', 'x("__name(a,\\"a\\")");', 'x("__name(a,\\"a\\")");'],
] as const) {
  test(`a call for a name that is there is taken out, and no other: ${what}`, () => {
    assert.equal(withoutIdleNames(`${HELPER}${code}`), `${HELPER}${expected}`)
  })
}

test('a long word takes no longer than its length', async (t) => {
  const started = performance.now()
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.ts': `export const hex = "${'0123456789abcdef'.repeat(125_000)}"; export class A { static a = A }\nexport const handler = () => hex.length`,
  })
  const bundle = await bundleFunction(join(folder, 'orders.ts'), { minify: true, externals: [], bundled: [] })
  assert.equal((await loadBundle(bundle)).exports.handler(), 2_000_000)
  // Quadratic, 2 MB would take some hours.
  assert.ok(performance.now() - started < 20_000, `${performance.now() - started} ms`)
})
