/** The types of the published package, in projects of users who check everything. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'
import { packAndUnpack } from '../support/projects/packed-package.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const USES = join(ROOT, 'test/fixtures/types')
const RESOLUTIONS = {
  nodenext: { module: 'nodenext' },
  bundler: { module: 'preserve', moduleResolution: 'bundler' },
}

interface Project {
  packed: string
  /** Packages of `@types` that the project has. */
  types: string[]
  /** Those of lambdabin's dependencies that it needs. */
  packages?: string[]
  compilerOptions: object
  files: Record<string, string>
}

/** What tsc says about a project; nothing when all is well. */
function typeCheck(
  t: TestContext,
  { packed, types, packages = [], compilerOptions, files }: Project,
): string {
  const project = writeFiles(join(temporaryFolder(t), 'project'), {
    'package.json': { type: 'module' },
    'tsconfig.json': {
      compilerOptions: {
        target: 'es2024',
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: types.filter((name) => name === 'node'),
        ...compilerOptions,
      },
      files: Object.keys(files),
    },
    ...files,
  })
  const modules = join(project, 'node_modules')
  cpSync(packed, join(modules, 'lambdabin'), { recursive: true })
  mkdirSync(join(modules, '@types'))
  for (const name of types) {
    symlinkSync(join(ROOT, 'node_modules/@types', name), join(modules, '@types', name))
  }
  for (const name of packages) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: project, encoding: 'utf8' })
  return stdout + stderr
}

test('the published types hold in a user’s project with skipLibCheck off', async (t) => {
  const packed = await packAndUnpack(t)
  const handlers = readFileSync(join(USES, 'handlers.ts'), 'utf8')
  const beside = readFileSync(join(USES, 'beside-aws-lambda.ts'), 'utf8')

  for (const [name, resolution] of Object.entries(RESOLUTIONS)) {
    const compilerOptions = { ...resolution, lib: ['es2024'] }

    await t.test(`without @types/aws-lambda, module resolution ${name}`, (subtest) => {
      const project = { packed, types: ['node'], compilerOptions, files: { 'handlers.ts': handlers } }
      assert.equal(typeCheck(subtest, project), '')
    })

    await t.test(
      `beside @types/aws-lambda, module resolution ${name}, whichever is imported first`,
      (subtest) => {
        for (const files of [
          { 'handlers.ts': handlers, 'beside.ts': beside },
          { 'beside.ts': beside, 'handlers.ts': handlers },
          { 'first.ts': "import 'aws-lambda'\nimport 'lambdabin'\n", 'handlers.ts': handlers },
        ]) {
          assert.equal(
            typeCheck(subtest, { packed, types: ['node', 'aws-lambda'], compilerOptions, files }),
            '',
          )
        }
      },
    )
  }

  await t.test('configurations, and files that are imported', (subtest) => {
    const files = { 'lambdabin.config.ts': readFileSync(join(USES, 'configuration.ts'), 'utf8') }
    for (const resolution of Object.values(RESOLUTIONS)) {
      const project = {
        packed,
        types: ['node'],
        packages: ['esbuild', 'acorn'],
        compilerOptions: resolution,
        files,
      }
      assert.equal(typeCheck(subtest, project), '')
    }
  })

  await t.test('without @types/node, for all but streams', (subtest) => {
    const files = {
      'handler.ts': `
        import type { FetchHandler, Handler } from 'lambdabin'
        export const handler: Handler<string, string> = async (event, context) => event + context.awsRequestId
        export default { fetch: async (request) => new Response(request.body) } satisfies FetchHandler`,
    }
    const compilerOptions = { module: 'nodenext' }
    assert.equal(typeCheck(subtest, { packed, types: [], compilerOptions, files }), '')
  })

  // Compilers that old are not here; what counts is their library.
  await t.test('imported bytes, with the library of TypeScript before 5.7', (subtest) => {
    const files = {
      'library.d.ts': `
        interface Object {} interface Function {} interface CallableFunction {} interface NewableFunction {}
        interface IArguments {} interface String {} interface Number {} interface Boolean {} interface RegExp {}
        interface Array<T> { readonly length: number; [index: number]: T }
        type ReturnType<T extends (...args: any) => any> = T extends (...args: any) => infer R ? R : any
        interface Uint8Array { readonly byteLength: number }
        interface Uint8ArrayConstructor { of(...items: number[]): Uint8Array }
        declare const Uint8Array: Uint8ArrayConstructor`,
      'images.ts': `
        /// <reference types="lambdabin/files" />
        import logo from './logo.png'
        export const bytes: Uint8Array = logo`,
    }
    const compilerOptions = { module: 'nodenext', noLib: true }
    assert.equal(typeCheck(subtest, { packed, types: [], compilerOptions, files }), '')
  })

  await t.test('a wrong use is an error, so that these tests can fail', (subtest) => {
    const files = {
      'handler.ts': "import type { Handler } from 'lambdabin'\nexport const handler: Handler = 1\n",
    }
    const compilerOptions = { module: 'nodenext' }
    assert.match(typeCheck(subtest, { packed, types: ['node'], compilerOptions, files }), /TS2322/)
  })
})

// Of compilers before 7, in what `cdk init` and many others have: `"module": "commonjs"`, and nothing of how modules are resolved.
test('compilers that do not read exports find the same types', async (t) => {
  const packed = await packAndUnpack(t)
  const { exports, types, typesVersions } = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8'))
  const { '.': root, './package.json': _manifest, ...others } = exports
  assert.equal(types, root.types)
  assert.deepEqual(
    Object.entries<string[]>(typesVersions['*']).map(([path, [file = '']]) => [`./${path}`, file]),
    Object.entries<{ types: string }>(others).map(([path, target]) => [path, target.types]),
  )
  for (const [file = ''] of Object.values<string[]>(typesVersions['*'])) {
    assert.ok(existsSync(join(packed, file)), file)
  }
})

// As it is pasted: no other file of the project may declare what an example forgets to.
test('each example of the README and of docs/ type-checks alone', async (t) => {
  const packed = await packAndUnpack(t)
  const pages = globSync(['README.md', 'docs/*.md'], { cwd: ROOT })
  const examples = pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n(.*?)^```/gms)].map(([, text = '']) => ({
      page,
      text,
    })),
  )
  assert.ok(examples.length >= 10)
  for (const { page, text } of examples) {
    const said = typeCheck(t, {
      packed,
      types: ['node'],
      packages: ['hono', 'esbuild', 'aws-cdk-lib', 'constructs'],
      compilerOptions: { ...RESOLUTIONS.nodenext, lib: ['es2024'], skipLibCheck: true },
      // Vitest is not among the packages of this repository.
      files: { 'example.ts': text, ...(text.includes("'vitest'") && { 'vitest.d.ts': VITEST }) },
    })
    assert.equal(said, '', `an example of ${page}:\n${text}`)
  }
})

const VITEST = `declare module 'vitest' {
  export function afterAll(run: () => unknown): void
  export function beforeAll(run: () => unknown, timeout?: number): void
  export function expect(value: unknown): { toMatchObject(expected: object): void }
  export function test(name: string, run: () => unknown): void
}`
