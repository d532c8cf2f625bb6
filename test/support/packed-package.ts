/** lambdabin as npm packs it. */

import { execFile } from 'node:child_process'
import { cpSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from './fixture-package.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILES = [
  'package.json',
  'bin',
  'src',
  'bootstrap',
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'docs',
  'page',
  'base-node',
  'Dockerfile.amazonlinux',
  'package-lock.json',
  'scripts/docker',
  'tsconfig.json',
  'tsconfig.publish.json',
]

/** Packs a copy of the checkout, so that this one gets no compiled files; returns the folder that npm would install. */
export async function packAndUnpack(t: TestContext): Promise<string> {
  const checkout = join(temporaryFolder(t), 'checkout')
  for (const file of FILES) {
    cpSync(join(ROOT, file), join(checkout, file), { recursive: true })
  }
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'))
  const run = promisify(execFile)
  await run('npm', ['pack', '--loglevel=error'], { cwd: checkout, timeout: 120_000 })
  const [tarball = ''] = readdirSync(checkout).filter((name) => name.endsWith('.tgz'))
  await run('tar', ['-xzf', tarball], { cwd: checkout })
  return join(checkout, 'package')
}
