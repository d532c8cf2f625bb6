/** The runtimes to compare with that are programs of their own: where they come from, and where they are. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { cacheFolder } from '../../bin/pinned-node.js'
import { hasCommand } from './runtime-api-server.ts'

interface NpmProgram {
  readonly package: string
  readonly version: string
  readonly path: string
}

export const BUN: NpmProgram = { package: '@oven/bun-linux-x64', version: '1.4.5', path: 'bin/bun' }
export const DENO: NpmProgram = { package: '@deno/linux-x64-glibc', version: '2.9.6', path: 'deno' }

/** A peer cannot be had on this machine; the message says what to do about it. */
export class PeerMissingError extends Error {
  override name = 'PeerMissingError'
}

/** Path of a program that an npm package for this platform holds; installs it into the cache folder once. */
export function installNpmProgram({ package: name, version, path }: NpmProgram): string {
  const folder = join(cacheFolder(), `${name.replace(/^@/, '').replace('/', '-')}-${version}`)
  const program = join(folder, 'node_modules', name, path)
  if (existsSync(program)) {
    return program
  }
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: { [name]: version } }),
  )
  try {
    execFileSync('npm', ['install', '--ignore-scripts', '--loglevel=error'], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
    })
  } catch (error) {
    throw new PeerMissingError(`npm could not install ${name}@${version} into ${folder}`, { cause: error })
  }
  return program
}

/** Compiles a Nim program as the article does. */
export function compileNim(source: string, program: string, folder: string): void {
  if (!hasCommand('nim', '--version')) {
    throw new PeerMissingError('there is no nim; on Debian: apt-get install nim')
  }
  const args = ['c', '-d:release', '--hints:off', `--nimcache:${join(folder, 'nimcache')}`, `-o:${program}`]
  execFileSync('nim', [...args, source], { stdio: ['ignore', 2, 2] })
}

export function nimVersion(): string {
  const said = execFileSync('nim', ['--version'], { encoding: 'utf8' })
  return /Version ([\d.]+)/.exec(said)?.[1] ?? ''
}

/** What AWS's client is built with when it is installed. */
export function checkAwsClientTools(): void {
  const tools = ['g++', 'cmake', 'autoconf', 'automake', 'libtoolize']
  const missing = tools.filter((tool) => !hasCommand(tool, '--version'))
  if (missing.length > 0) {
    throw new PeerMissingError(
      `aws-lambda-ric is built on install, and ${missing.join(', ')} is missing; on Debian: ` +
        'apt-get install g++ make cmake autoconf automake libtool libcurl4-openssl-dev',
    )
  }
}

/** Node.js as it was published, which the peers on Node.js run on. */
export const NODE = process.execPath
