import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createLocalLambda } from '../../src/api.ts'
import { bundleRuntime } from '../../src/compiler/bundle/bundle-runtime.ts'
import { escaped } from '../../src/compiler/escaped-pattern.ts'
import { UNDICI_FOLDER } from '../../src/compiler/third-party.ts'
import { temporaryFiles } from '../support/projects/files.ts'
import { PROJECT } from '../support/source-imports.ts'

const NAME = 'star*[x]{y}(z)'

test('an escaped text is a pattern for itself', () => {
  assert.ok(new RegExp(`^${escaped(NAME)}$`, 'u').test(NAME))
})

test('a project may be in a folder whose name is a pattern: its configuration is read, its functions and workers are bundled', async (t) => {
  const cwd = join(
    temporaryFiles(t, {
      [`${NAME}/package.json`]: {},
      [`${NAME}/lambdabin.config.ts`]: `import { entry } from './entry'\nexport default { functions: entry, timeout: 60 }`,
      [`${NAME}/entry.ts`]: `export const entry = 'src/orders.ts'`,
      [`${NAME}/src/orders.ts`]: `
        import { once } from 'node:events'
        import { Worker } from 'node:worker_threads'
        export const handler = async () => {
          const { b } = await import('./b')
          const [c] = await once(new Worker(new URL('./c.ts', import.meta.url)), 'message')
          return [b, c]
        }`,
      [`${NAME}/src/b.ts`]: `export const b = 'b'`,
      [`${NAME}/src/c.ts`]: `import { parentPort } from 'node:worker_threads'\nparentPort?.postMessage('c')`,
    }),
    NAME,
  )
  const created = await createLocalLambda({ cwd, watch: ['orders'] })
  assert.ok(created.ok, created.ok ? '' : created.error.stack)
  await using lambda = created.lambda
  const result = await lambda.invoke('orders')
  assert.ok(result.ok, result.ok ? '' : result.error.stack)
  assert.deepEqual(result.payload, ['b', 'c'])
})

test('so may lambdabin itself be, installed in such a project, and the runtime is the same', async (t) => {
  const own = join(temporaryFiles(t, {}), NAME, 'lambdabin')
  for (const each of ['src', 'bin', 'base-node', 'package.json', 'tsconfig.json']) {
    cpSync(join(PROJECT, each), join(own, each), { recursive: true })
  }
  cpSync(UNDICI_FOLDER, join(own, 'node_modules/undici'), { recursive: true })
  mkdirSync(join(own, 'node_modules/@yao-pkg'))
  for (const each of ['esbuild', 'libdeflate', '@yao-pkg/pkg']) {
    symlinkSync(join(dirname(UNDICI_FOLDER), each), join(own, 'node_modules', each))
  }
  const module = pathToFileURL(join(own, 'src/compiler/bundle/bundle-runtime.ts'))
  const program = `const { runtime } = await (await import(${JSON.stringify(module)})).bundleRuntime(); process.stdout.write(runtime)`
  const runtime = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    maxBuffer: 10e6,
  })
  assert.ok(runtime.equals((await bundleRuntime()).runtime))
})
