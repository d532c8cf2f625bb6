/**
 * Which is the newest Node.js of a line that the user's npm registry has: releases of a line are its security fixes, as a rule. It is
 * asked once a day, and what cannot be had is no error.
 */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { makeFolder } from '../../../bin/make-folder.js'
import { cacheFolder, pinnedVersions } from '../../../bin/pinned-node.js'

const DAY_MS = 86_400_000
const PATIENCE_MS = 10_000
const FILE = 'newest-node.json'

interface Known {
  readonly line: string
  /** `null` where the registry did not tell. */
  readonly newest: string | null
  /** Milliseconds since the epoch. */
  readonly asked: number
}

/** A sentence where the registry has a newer release of the line of `version`, `24.21.0`; else undefined. Never rejects. */
export async function newerNodeNote(
  version: string,
  {
    folder = cacheFolder(),
    now = Date.now(),
    signal,
  }: { folder?: string; now?: number; signal?: AbortSignal } = {},
): Promise<string | undefined> {
  const [line = ''] = version.split('.')
  const known = await readKnown(folder)
  const isFresh = known?.line === line && now - known.asked < DAY_MS && known.asked <= now
  const newest = isFresh ? known.newest : await ask(line, signal)
  if (!isFresh && !signal?.aborted) {
    await keep(folder, { line, newest, asked: now })
  }
  return newest !== null && isNewer(newest, version)
    ? `executables are made of Node.js ${version}, and ${newest} is out, which may mend what is not safe; take a newer lambdabin, or give it with --node`
    : undefined
}

async function readKnown(folder: string): Promise<Known | undefined> {
  try {
    const known = JSON.parse(await readFile(join(folder, FILE), 'utf8'))
    return typeof known?.line === 'string' && typeof known.asked === 'number' ? known : undefined
  } catch {
    return undefined
  }
}

async function keep(folder: string, known: Known): Promise<void> {
  await makeFolder(folder)
    .then(() => writeFile(join(folder, FILE), JSON.stringify(known)))
    .catch(() => {}) // It is asked again, then.
}

/** By the user's own npm, and so by their settings. */
async function ask(line: string, signal: AbortSignal | undefined): Promise<string | null> {
  const { name } = pinnedVersions.packages.x64
  try {
    const { stdout } = await promisify(execFile)('npm', ['view', `${name}@${line}`, 'version', '--json'], {
      timeout: PATIENCE_MS,
      env: process.env,
      ...(signal && { signal }),
    })
    const told: unknown = JSON.parse(stdout)
    const versions = [told]
      .flat()
      .filter((each): each is string => typeof each === 'string' && isVersion(each))
    return versions.reduce<string | null>(
      (best, each) => (best === null || isNewer(each, best) ? each : best),
      null,
    )
  } catch {
    return null
  }
}

function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+$/.test(text)
}

function isNewer(left: string, right: string): boolean {
  const [a, b] = [left, right].map((version) => version.split('.').map(Number)) as [number[], number[]]
  const index = a.findIndex((part, at) => part !== b[at])
  return index !== -1 && (a[index] ?? 0) > (b[index] ?? 0)
}
