// Runs a command again under the pinned Node.js, as if it had been started with it.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import process from 'node:process'
import { findPinnedNode, pinnedVersions } from './pinned-node.js'

/** @type {NodeJS.Signals[]} */
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Tells the command that it was handed over already, so that it cannot be again. */
const MARK = 'LAMBDABIN_HANDED_OVER'

/** Tells the command the descriptor that closes with the process that handed over. */
const LIFELINE = 'LAMBDABIN_LIFELINE'

/**
 * Starts `commandFile` under the pinned Node.js with this process's arguments and streams, and ends as it
 * ends: with its exit status, or by its signal.
 *
 * @param {string} commandFile
 * @returns {Promise<void>}
 */
export async function handOver(commandFile) {
  try {
    const node = await pinnedNodeOfHost()
    await runAs(node, commandFile)
  } catch (error) {
    process.stderr.write(`lambdabin: ${error instanceof Error ? error.message : error}\n`)
    process.exitCode = 1
  }
}

async function pinnedNodeOfHost() {
  const { platform, arch } = process
  const version = process.versions.bun ? `Bun ${process.versions.bun}` : process.version
  const remedy = 'install Node.js 22.19 or later, or use `docker-compose up`'
  if (process.env[MARK]) {
    throw new Error(`it needs Node.js 22.19 or later, and was started with ${version} again; ${remedy}`)
  }
  if (platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    throw new Error(
      `it needs Node.js 22.19 or later and runs on ${version} for ${platform} ${arch}; ${remedy}`,
    )
  }
  const say = (/** @type {string} */ message) => process.stderr.write(`lambdabin: ${message}\n`)
  return findPinnedNode(arch, say, ({ undo }) => onSignal(undo))
}

/**
 * Calls `undo` if this process is told to end before what this returns is called; the process ends by the signal then.
 *
 * @param {() => void} undo
 * @returns {() => void}
 */
function onSignal(undo) {
  const listeners = FORWARDED_SIGNALS.map((signal) => {
    const listener = () => {
      undo()
      endAs(null, signal)
      process.exit()
    }
    process.on(signal, listener)
    return () => process.off(signal, listener)
  })
  return () => {
    for (const forget of listeners) {
      forget()
    }
  }
}

/**
 * @param {string} node
 * @param {string} commandFile
 * @returns {Promise<void>}
 */
function runAs(node, commandFile) {
  // The `--` as in lambdabin.js's first line.
  const child = spawn(node, ['--', commandFile, ...process.argv.slice(2)], {
    // The last one says nothing: it closes with this process, however that ends, and the child ends, too.
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, [MARK]: pinnedVersions.version, [LIFELINE]: '3' },
  })
  for (const signal of FORWARDED_SIGNALS) {
    process.on(signal, () => child.kill(signal))
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status, signal) => {
      resolve()
      endAs(status, signal)
    })
  })
}

/**
 * @param {number | null} status
 * @param {NodeJS.Signals | null} signal
 */
function endAs(status, signal) {
  if (signal === null) {
    process.exitCode = status ?? 1
    return
  }
  for (const forwarded of FORWARDED_SIGNALS) {
    process.removeAllListeners(forwarded)
  }
  process.kill(process.pid, signal)
  // Still here: a signal that does not end this process. A shell would report it so.
  process.exitCode = 128 + constants.signals[signal]
}
