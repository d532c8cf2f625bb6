import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { listShippedPackages } from '../../../src/compiler/package/shipped-packages.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

/** Of the files of a package called `name` those that are shipped, by their paths in it. */
async function shippedOf(t: TestContext, name: string, paths: readonly string[]): Promise<string[]> {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': { name },
    ...Object.fromEntries(paths.map((path) => [path, 'text'])),
  })
  const place = `node_modules/${name}`
  const plan = {
    name,
    place,
    folder,
    neededBy: undefined,
    isExternal: true,
    reason: undefined,
    files: 'all',
  } as const
  const { files } = await listShippedPackages([plan], 'x64')
  return files
    .map(({ path }) => path.slice(place.length + 1))
    .filter((path) => path !== 'package.json')
    .sort()
}

test('what node-gyp leaves beside an addon, and the sources of addons, are not shipped', async (t) => {
  const built = 'build/Release/addon.node'
  const left = [
    'build/Release/obj.target/addon.node',
    'build/Release/obj.target/addon/src/addon.o',
    'build/Release/.deps/build/Release/addon.node.d',
    'build/Makefile',
    'build/addon.target.mk',
    'deps/crypto/sha.S',
    'deps/crypto/sha.asm',
    'deps/regex/list.hxx',
    'deps/regex/list.ipp',
    'deps/regex/build.cmake',
  ]
  assert.deepEqual(await shippedOf(t, 'addon', [built, ...left]), [built])
})

test('programs of a native library that are beside their sources are not shipped, and other programs are', async (t) => {
  const used = ['bin/tool', 'deps/library/examples/run']
  const programs = ['deps/library/examples/consumer', 'deps/library/tests/all']
  const sources = ['deps/library/examples/consumer.c', 'deps/library/tests/all.cpp']
  assert.deepEqual(await shippedOf(t, 'addon', [...used, ...programs, ...sources]), used)
})

test('TypeScript that is there as JavaScript, tests and declarations are not shipped', async (t) => {
  const used = ['dist/index.js', 'dist/esm/part.mjs', 'templates/page.ts']
  const unused = [
    'dist/index.d.ts',
    'src/index.ts',
    'dist/esm/part.mts',
    'src/index.spec.ts',
    'types/only.d.ts',
    'types/only.d.mts',
  ]
  assert.deepEqual(await shippedOf(t, 'typed', [...used, ...unused]), used.toSorted())
})

test('the library of types that TypeScript reads is shipped with it', async (t) => {
  const used = ['lib/lib.d.ts', 'lib/lib.es2022.d.ts', 'lib/other.d.ts', 'lib/typescript.js']
  assert.deepEqual(await shippedOf(t, 'typescript', [...used, 'lib/typescript.d.ts']), used)
})
