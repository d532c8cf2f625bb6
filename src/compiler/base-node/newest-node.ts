/**
 * Which is the newest Node.js of a line that the user's npm registry has: releases of a line are its security fixes, as a rule. It is
 * asked once a day, and what cannot be had is no error.
 */
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { makeFolder } from '../../../bin/make-folder.js'
import { cacheFolder, pinnedVersions } from '../../../bin/pinned-node.js'
import { wallClock } from '../../runtime-api/wall-clock.ts'
import { killGroup } from '../../sandbox/process-group.ts'
import { compareVersions } from '../elf/elf-versions.ts'

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

/**
 * A sentence where the registry has a newer release of the line of `version`, `24.21.0`; else undefined. Never rejects. `signal` ends
 * waiting for the registry; where its reason is a TimeoutError, that counts as its answer of that day, so that no other build waits.
 */
export async function newerNodeNote(
  version: string,
  {
    folder = cacheFolder(),
    now = wallClock(),
    signal,
  }: { folder?: string; now?: number; signal?: AbortSignal } = {},
): Promise<string | undefined> {
  const [line = ''] = version.split('.')
  const known = await readKnown(folder)
  const isFresh = known?.line === line && now - known.asked < DAY_MS && known.asked <= now
  const before = known?.line === line ? known.newest : null
  const newest = isFresh ? before : ((await ask(line, signal)) ?? before)
  if (!isFresh && (!signal?.aborted || signal.reason?.name === 'TimeoutError')) {
    await keep(folder, { line, newest, asked: now })
  }
  return newest !== null && compareVersions(newest, version) > 0
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
  const limit = AbortSignal.timeout(PATIENCE_MS)
  const stdout = await runNpm(
    ['view', `${name}@${line}`, 'version', '--json'],
    signal === undefined ? limit : AbortSignal.any([signal, limit]),
  )
  try {
    const told: unknown = JSON.parse(stdout)
    const versions = [told]
      .flat()
      .filter((each): each is string => typeof each === 'string' && isVersion(each))
    return versions.reduce<string | null>(
      (best, each) => (best === null || compareVersions(each, best) > 0 ? each : best),
      null,
    )
  } catch {
    return null
  }
}

/** Resolves to what npm says; to nothing where it fails, or `signal` ends it, at once and with all that it has started. */
function runNpm(args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve('')
      return
    }
    const child = spawn('npm', args, {
      // A group of its own: what is called npm may be a program that starts it.
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      // Should this process be killed, npm is not to go on for minutes.
      env: { ...process.env, npm_config_fetch_retries: '0', npm_config_fetch_timeout: String(PATIENCE_MS) },
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const end = (answer: string) => {
      signal.removeEventListener('abort', kill)
      resolve(answer)
    }
    const kill = () => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        killGroup(child.pid)
      }
      child.stdout.destroy()
      child.unref()
      end('')
    }
    signal.addEventListener('abort', kill)
    child.once('error', () => end(''))
    child.once('close', (status) => end(status === 0 ? said : ''))
  })
}

function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+$/.test(text)
}
