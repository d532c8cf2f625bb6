/** The projects in `examples/`, as a user has them: copies, beside lambdabin's npm package, installed. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readArchitecture } from '../../../src/compiler/elf/elf-file.ts'
import { runLambdabin } from './command.ts'
import { writeFiles } from './files.ts'
import { packTarball } from './packed-package.ts'
import { userEnvironment } from './user-environment.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)

/** Packs and installs lambdabin in `folder`, and `packages` from npm; {@link exampleProject} needs it. */
export async function installForExamples(folder: string, packages: readonly string[] = []): Promise<void> {
  const tarball = await packTarball(join(folder, 'checkout'))
  writeFiles(folder, { 'package.json': { private: true } })
  const options = ['--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline']
  await run('npm', ['install', ...options, tarball, ...packages], {
    cwd: folder,
    env: userEnvironment(),
    timeout: 300_000,
  })
}

/** Copies `examples/<name>` into `folder`. What it needs besides lambdabin is linked to what this repository has. */
export function exampleProject(folder: string, name: string): string {
  const project = join(folder, name)
  cpSync(join(ROOT, 'examples', name), project, { recursive: true })
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  for (const each of Object.keys({ ...dependencies, ...devDependencies })) {
    const place = join(folder, 'node_modules', each)
    const installed = join(ROOT, 'node_modules', each)
    if (!existsSync(place) && existsSync(installed)) {
      mkdirSync(dirname(place), { recursive: true })
      symlinkSync(installed, place)
    }
  }
  symlinkSync('../node_modules', join(project, 'node_modules'))
  return project
}

/** What a function answers under `invoke`, with the layer that has its runtime, if it is in one. */
export async function answer(place: string, handler: string, layer?: string): Promise<unknown> {
  const args = [
    'invoke',
    place,
    '--handler',
    handler,
    '--event',
    '{"quantity":3}',
    '--env',
    'STAGE=test',
    '--timeout',
    '60',
    ...(layer === undefined ? [] : ['--layer', layer]),
  ]
  const { stdout, stderr, status } = await runLambdabin(args)
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

export function architectureOf(executable: string): string {
  return readArchitecture(readFileSync(executable), executable)
}
