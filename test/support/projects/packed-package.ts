/** lambdabin as npm packs it. */

import { execFile } from 'node:child_process'
import { cpSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../emulator/fixture-package.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const FILES = [
  'package.json',
  'bin',
  'src',
  'bootstrap',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'docs',
  'examples',
  'page',
  'base-node',
  'third-party',
  'Dockerfile.amazonlinux',
  'package-lock.json',
  'scripts/docker',
  'scripts/publish',
  'tsconfig.json',
  'tsconfig.publish.json',
]
const run = promisify(execFile)

/** Packs a copy of the checkout, made at `checkout`, so that this one gets no compiled files; returns the tarball's path. */
export async function packTarball(checkout: string): Promise<string> {
  for (const file of FILES) {
    cpSync(join(ROOT, file), join(checkout, file), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  await run('npm', ['pack', '--loglevel=error'], { cwd: checkout, timeout: 120_000 })
  const [tarball = ''] = readdirSync(checkout).filter((name) => name.endsWith('.tgz'))
  return join(checkout, tarball)
}

/** Packs it; returns the folder that npm would install. */
export async function packAndUnpack(t: TestContext): Promise<string> {
  const checkout = join(temporaryFolder(t), 'checkout')
  await run('tar', ['-xzf', await packTarball(checkout), '-C', checkout])
  return join(checkout, 'package')
}
