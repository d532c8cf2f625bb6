/** Which modules a command loads: each is time at its start. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runLambdabin } from '../support/projects/command.ts'
import { PROJECT } from '../support/source-imports.ts'

const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
after(() => rmSync(folder, { recursive: true, force: true }))
writeFileSync(join(folder, 'lambdabin.config.json'), '{ "functions": { "orders": "orders.ts" } }')

test('--version loads no package, no option and no help', async () => {
  const { packages, sources } = await loadedBy(['--version'])
  assert.deepEqual(packages, [])
  const needless = sources.filter((path) => /help|option|events|^src\/(stubs|emulator|inspect)\//.test(path))
  assert.deepEqual(needless, [])
  assert.ok(sources.includes('src/cli.ts'), 'what is loaded is seen')
})

test('a command’s --help loads no package', async () => {
  const { packages, sources } = await loadedBy(['build', '--help'])
  assert.deepEqual(packages, [])
  assert.ok(sources.includes('src/command-line/help.ts'))
})

test('a build without a budget loads nothing that looks into packages, runs them, or reads configurations', async () => {
  const { packages, sources } = await loadedBy(['build', 'not-there.ts'])
  const parsers = ['yaml', 'yauzl', '@babel/parser', '@jridgewell/trace-mapping']
  assert.deepEqual(
    packages.filter((name) => parsers.includes(name)),
    [],
  )
  assert.deepEqual(
    sources.filter((path) => /^src\/(inspect|emulator)\//.test(path)),
    [],
  )
  assert.ok(packages.includes('esbuild'), 'packages are seen')
})

for (const [command, name] of [
  ['invoke', 'not-there.zip'],
  ['invoke', 'orders'],
  ['inspect', 'not-there.zip'],
] as const) {
  test(`${command} ${name} loads neither esbuild nor a parser of configurations`, async () => {
    const { packages } = await loadedBy([command, name])
    const needless = ['esbuild', 'yaml', '@babel/parser', 'acorn']
    assert.deepEqual(
      packages.filter((each) => needless.includes(each)),
      [],
    )
    assert.ok(packages.includes('yauzl') || name === 'orders', 'packages are seen')
  })
}

test('serve loads no parser of configurations', async () => {
  const { packages } = await loadedBy(['serve', 'not-there.zip'])
  assert.ok(!packages.includes('@babel/parser'))
  assert.ok(packages.includes('yauzl'), 'packages are seen')
})

/** Names of packages, and paths of lambdabin's own sources. */
async function loadedBy(args: readonly string[]): Promise<{ packages: string[]; sources: string[] }> {
  const file = join(folder, 'loaded')
  const hook = new URL('../support/loaded-modules.ts', import.meta.url).href
  await runLambdabin(args, { cwd: folder, env: { LOADED_MODULES: file, NODE_OPTIONS: `--import=${hook}` } })
  const paths = readFileSync(file, 'utf8')
    .split('\n')
    .filter((url) => url.startsWith('file:'))
    .map((url) => fileURLToPath(url))
  rmSync(file)
  const names = paths.map((path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? [])
  return {
    packages: [...new Set(names.flat())],
    sources: paths
      .filter((path) => path.startsWith(`${PROJECT}src/`))
      .map((path) => path.slice(PROJECT.length)),
  }
}
