/**
 * Runs a program once, at build time, to make its code caches: not in the executable, and never on Lambda.
 *
 *     node warm-up.js FOLDER
 *
 * FOLDER holds `runtime.js`, `function.js`, and `function-1.js` and so on where the function has chunks. When the
 * process ends, by itself or because SIGUSR2 asks for it, it writes `runtime.cache` and so on there, of as much as has
 * run by then.
 *
 * The function runs for real, on somebody's computer, so it reaches nothing but this host's loopback: connections to
 * anywhere else are refused before a name is looked up.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { type CompiledText, chunkName, compileText, startProgram } from './program-loader.ts'

const LOOPBACK = /^(localhost|127(\.\d+){3}|::1|\[::1\])$/i

const folder = process.argv[2] as string
const compiled: CompiledText[] = []

keepToLoopback()
process.once('exit', () => {
  // Of a chunk that nothing reached there is a cache too: it saves V8 looking for the functions in it.
  for (let number = 1; existsSync(join(folder, `${chunkName(number)}.js`)); number++) {
    const name = chunkName(number)
    if (!compiled.some((text) => text.name === name))
      compiled.push({ name, script: compileText(readAsset, name) })
  }
  for (const { name, script } of compiled)
    writeFileSync(join(folder, `${name}.cache`), script.createCachedData())
})
process.once('SIGUSR2', () => process.exit(0))
startProgram(readAsset, process.env.LAMBDA_TASK_ROOT as string, require, (text) => {
  compiled.push(text)
  return undefined
})

function readAsset(name: string): Uint8Array | undefined {
  return name.endsWith('.js') ? readFileSync(join(folder, name)) : undefined
}

function keepToLoopback(): void {
  const connect = Socket.prototype.connect as (this: Socket, ...parameters: unknown[]) => Socket
  Socket.prototype.connect = function (this: Socket, ...parameters: unknown[]): Socket {
    const target = destination(parameters)
    if (LOOPBACK.test(target)) return connect.apply(this, parameters)
    const error = new Error(`connect ENETUNREACH ${target}: a build reaches this host only`)
    process.nextTick(() => this.destroy(Object.assign(error, { code: 'ENETUNREACH', syscall: 'connect' })))
    return this
  } as typeof Socket.prototype.connect
}

/** The host that the parameters of `connect` name, in any of its forms; the path of a local socket for one of those. */
function destination(parameters: readonly unknown[]): string {
  const [first, second] = Array.isArray(parameters[0]) ? (parameters[0] as unknown[]) : parameters
  if (typeof first === 'object' && first !== null) {
    const { path, host } = first as { path?: string; host?: string }
    return path ?? host ?? 'localhost'
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return first
  return typeof second === 'string' ? second : 'localhost'
}
