/**
 * A Docker engine of the tests' own, thrown away with everything in it: stand-ins under the names of real images have
 * no business in anybody's own engine.
 */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { runWell } from './processes.ts'

export interface Engine {
  /** With what a client needs to reach the engine, and no other. */
  readonly env: NodeJS.ProcessEnv
  /** This machine's address, as containers see it. */
  readonly gateway: string
  /** An empty folder that goes with the engine. */
  readonly folder: string
  stop(): Promise<void>
}

const PROGRAMS = [
  'dockerd',
  'docker',
  'docker-compose',
  'iptables',
  'ip',
  'debootstrap',
  'python3',
  'tar',
  'xz',
  'git',
]
const START_MS = 60_000
const STOP_MS = 60_000

/** Why there can be no engine here, for the test runner to show; false when there can. */
export function whyNoEngine(): string | false {
  if (process.env.LAMBDABIN_TEST_DOCKER !== '1') {
    return 'takes minutes, root and a Docker engine: set LAMBDABIN_TEST_DOCKER=1 to run it'
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return 'a Docker engine for x64 runs on Linux on x64'
  }
  if (process.getuid?.() !== 0) {
    return 'only root can start a Docker engine'
  }
  const missing = PROGRAMS.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  if (missing.length > 0) {
    return `not installed: ${missing.join(', ')}`
  }
  if (spawnSync('python3', ['-m', 'pip', '--version']).status !== 0) {
    return 'not installed: pip'
  }
  return false
}

export async function startEngine(): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-docker-'))
  const bridge = `lambdabin${process.pid % 100_000}`
  const subnet = `10.213.${process.pid % 250}`
  const gateway = `${subnet}.1`
  await runWell('ip', ['link', 'add', 'name', bridge, 'type', 'bridge'])
  await runWell('ip', ['address', 'add', `${gateway}/24`, 'dev', bridge])
  await runWell('ip', ['link', 'set', bridge, 'up'])
  const socket = `unix://${join(folder, 'docker.sock')}`
  const daemon = spawn(
    'dockerd',
    [
      ...['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'dockerd.pid'), '--host', socket, '--bridge', bridge],
      ...['--default-address-pool', `base=10.214.${process.pid % 250}.0/24,size=27`],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const stop = async () => {
    if (daemon.exitCode === null && daemon.signalCode === null) {
      const ended = once(daemon, 'exit')
      const deadline = setTimeout(() => daemon.kill('SIGKILL'), STOP_MS)
      daemon.kill('SIGTERM')
      await ended
      clearTimeout(deadline)
    }
    await unmountBelow(folder)
    spawnSync('ip', ['link', 'delete', bridge])
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await listening(daemon)
  } catch (error) {
    await stop()
    throw error
  }
  // The classic builder: BuildKit's needs a client plugin that Debian does not have.
  const env = { ...process.env, DOCKER_HOST: socket, DOCKER_BUILDKIT: '0', COMPOSE_DOCKER_CLI_BUILD: '0' }
  return { env, gateway, folder, stop }
}

/** Resolves when the daemon says that it listens; rejects with what it says otherwise. */
function listening(daemon: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    const deadline = setTimeout(() => reject(new Error(`dockerd does not listen:\n${said}`)), START_MS)
    daemon.stderr?.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(-8000)
      if (!said.includes('API listen on')) {
        return
      }
      clearTimeout(deadline)
      resolve()
    })
    daemon.once('error', reject)
    daemon.once('exit', (status) => reject(new Error(`dockerd ended with ${status}:\n${said}`)))
  })
}

/** A daemon that is killed leaves its mounts; a folder with mounts in it must not be deleted. */
async function unmountBelow(folder: string): Promise<void> {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
  for (const point of points.reverse()) {
    await runWell('umount', ['--lazy', point])
  }
}
