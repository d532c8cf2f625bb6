/** lambdabin as a user gets it: packed by npm, unpacked into a project's node_modules, run from there. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'
import { packAndUnpack } from '../support/projects/packed-package.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/**
 * A project that depends on lambdabin alone: it has lambdabin's dependencies, and not what only this
 * repository needs.
 */
async function userProject(t: TestContext): Promise<string> {
  const packed = await packAndUnpack(t)
  const project = writeFiles(join(temporaryFolder(t), 'project'), {
    'package.json': { type: 'module' },
    'hello.ts': `
      import type { Handler } from 'lambdabin'
      export const handler: Handler = async (event, context) => ({ hello: event, id: typeof context.awsRequestId })`,
    'tsconfig.json': {
      compilerOptions: { module: 'nodenext', strict: true, noEmit: true, types: [] },
      files: ['hello.ts'],
    },
  })
  const modules = join(project, 'node_modules')
  cpSync(packed, join(modules, 'lambdabin'), { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  return project
}

test('the published package has types, and builds and invokes a function', async (t) => {
  const project = await userProject(t)
  const installed = join(project, 'node_modules/lambdabin')
  // npm adds README and LICENSE by itself.
  const files = readdirSync(installed).filter((name) => !/^(readme|license)/i.test(name))
  assert.deepEqual(files.sort(), [
    'CHANGELOG.md',
    'Dockerfile.amazonlinux',
    'base-node',
    'bin',
    'bootstrap',
    'docs',
    'examples',
    'lib',
    'package.json',
    'page',
    'scripts',
    'third-party',
  ])
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  assert.deepEqual(Object.keys(manifest.bin), ['lambdabin'])
  for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
    const names = Object.keys(manifest[kind] ?? {})
    assert.deepEqual(
      names.filter((name) => /^node(-|$)|base-node/.test(name)),
      [],
      `${kind} must not bring a node command`,
    )
  }
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'], { cwd: project })

  const lambdabin = (...args: string[]) =>
    run(process.execPath, [join(installed, 'bin/lambdabin.js'), ...args], { cwd: project, timeout: 120_000 })
  // Its own Node.js, so that nothing is fetched: in this project the pinned one is not installed.
  await lambdabin('build', 'hello.ts', '--node', process.execPath, '--arch', process.arch)
  assert.ok(existsSync(join(project, 'dist/hello.zip')))
  const { stdout } = await lambdabin('invoke', 'dist/hello.zip', '--event', '{"a":1}', '--timeout', '30')
  assert.deepEqual(JSON.parse(stdout), { hello: { a: 1 }, id: 'string' })
})
