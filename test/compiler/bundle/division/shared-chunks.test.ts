import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { build } from 'esbuild'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { type ModuleGraph, readModuleGraph } from '../../../../src/compiler/bundle/division/module-graph.ts'
import { ModuleInputs } from '../../../../src/compiler/bundle/division/module-inputs.ts'
import { SharedChunks } from '../../../../src/compiler/bundle/division/shared-chunks.ts'
import { temporaryCacheHome, temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'

const CHOICE = { minify: true, externals: [], bundled: [] }

function project(t: TestContext): string {
  temporaryCacheHome(t)
  return writeFiles(temporaryFolder(t), {
    'package.json': { type: 'module' },
    'src/first.ts': `export const handler = async () => (await import('./late.ts')).late`,
    'src/first-again.ts': `export const handler = async () => [1, (await import('./late.ts')).late]`,
    'src/late.ts': `import { deep } from './of-late.ts'\nexport const late = deep`,
    'src/of-late.ts': 'export const deep = 1',
  })
}

function bundle(folder: string, entry: string, isForced = false) {
  return bundleFunction(join(folder, entry), { ...CHOICE, root: folder } as never, { isForced })
}

/** The name of the chunk with `late.ts`. */
async function nameOfLate(folder: string, entry: string, options: object = {}): Promise<string> {
  const { metafile } = await build({
    absWorkingDir: folder,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
  })
  const graph = readModuleGraph(metafile) as ModuleGraph
  const late = ['src/late.ts', 'src/of-late.ts']
  const division = {
    graph,
    resident: new Set(graph.modules.filter((path) => !late.includes(path))),
    chunkOf: new Map(late.map((path) => [path, 1])),
  }
  const exposed = new Map([[`${graph.modules.indexOf('src/late.ts')}`, new Set(['late'])]])
  const shared = new SharedChunks(
    {
      minify: true,
      project: folder,
      author: {},
      packages: { plan: { reimported: new Map() } },
      ...options,
    } as never,
    metafile,
    new ModuleInputs(folder, undefined),
  )
  return shared.nameOf(division, 1, exposed)
}

test('what two functions load late is the same chunk, until one of its modules or an option is another', async (t) => {
  const folder = project(t)
  const first = await nameOfLate(folder, 'src/first.ts')
  assert.equal(await nameOfLate(folder, 'src/first-again.ts'), first)
  assert.notEqual(await nameOfLate(folder, 'src/first.ts', { minify: false }), first)
  assert.notEqual(await nameOfLate(folder, 'src/first.ts', { author: { keepNames: true } }), first)
  writeFileSync(join(folder, 'src/first-again.ts'), `export { late } from './late.ts'\nimport('./late.ts')`)
  assert.equal(await nameOfLate(folder, 'src/first-again.ts'), first)
  writeFileSync(join(folder, 'src/of-late.ts'), 'export const deep = 2')
  assert.notEqual(await nameOfLate(folder, 'src/first-again.ts'), first)
})

test('functions that are built one after another have the chunks that each has by itself', async (t) => {
  const folder = project(t)
  await bundle(folder, 'src/first.ts')
  const shared = await bundle(folder, 'src/first-again.ts')
  writeFileSync(join(folder, 'src/of-late.ts'), 'export const deep = 2')
  const changed = await bundle(folder, 'src/first.ts')
  assert.equal(shared.chunks.length, 1)
  assert.notDeepEqual(changed.chunks, shared.chunks)
  assert.deepEqual(changed.chunks, (await bundle(folder, 'src/first.ts', true)).chunks)
  writeFileSync(join(folder, 'src/of-late.ts'), 'export const deep = 1')
  assert.deepEqual(shared.chunks, (await bundle(folder, 'src/first-again.ts', true)).chunks)
})

test('what is made of the same is made once, and again where that failed', async () => {
  let made = 0
  const make = async () => ++made
  assert.deepEqual(await Promise.all([SharedChunks.once('a', make), SharedChunks.once('a', make)]), [1, 1])
  const failure = new Error('for the test')
  await assert.rejects(
    SharedChunks.once('b', () => Promise.reject(failure)),
    failure,
  )
  assert.equal(await SharedChunks.once('b', make), 2)
  for (let number = 0; number < 100; number++) {
    await SharedChunks.once(`${number}`, async () => number)
  }
  assert.equal(await SharedChunks.once('a', make), 3)
})
