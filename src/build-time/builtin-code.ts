/**
 * Has V8 compile what functions use of Node.js's own modules, and writes the code caches of those modules, with what was
 * compiled: for the Node.js binary of executables. {@link ./contract.ts} tells how it is run.
 *
 * V8 keeps the code of each module in a cache by its text, and gives it out again when the same text is compiled under the
 * same name and with the same parameters: with all functions that were compiled since. So `vm.compileFunction` reaches
 * the code of Node.js's own modules, and makes the cache.
 *
 * Each function in a cache has a number, of when it was compiled, and how busy a machine is decides what of the workload comes first. So
 * the caches are made once more in a process that does nothing but read them, one after the other: there, V8 numbers
 * the functions in the order of the sources.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { compileFunction } from 'node:vm'
import { runWorkload } from './builtin-work/workload.ts'
import type { BuiltinCode } from './contract.ts'
import { loadedModules } from './loaded-modules.ts'

const [output = '', http, https, parts] = process.argv.slice(2)
/** How far the list is as Node.js starts. */
const atStart = loadedModules().length

if (http === undefined) {
  const made: BuiltinCode = JSON.parse(readFileSync(output, 'utf8'))
  writeFileSync(output, JSON.stringify({ ...made, modules: modulesWithCode(made.modules) }))
} else {
  runWorkload({ http: Number(http), https: Number(https) }, parts?.split(',')).then((failed) => {
    const loaded = loadedModules().slice(atStart)
    const modules = modulesWithCode({}, parts === undefined ? undefined : new Set(loaded))
    writeFileSync(output, JSON.stringify({ failed, modules, loaded }))
    process.exit(0)
  })
}

/** `made`: caches to make these of. Of all modules, unless told which. */
function modulesWithCode(made: BuiltinCode['modules'], wanted?: ReadonlySet<string>): BuiltinCode['modules'] {
  const sources = (Reflect.get(process, 'binding') as (name: string) => Record<string, unknown>)('natives')
  const modules = Object.entries(sources).flatMap(([id, text]) =>
    typeof text === 'string' && wanted?.has(id) !== false
      ? [[id, { length: text.length, cache: codeCacheOf(id, text, made[id]?.cache) }]]
      : [],
  )
  return Object.fromEntries(modules)
}

/** Base64; undefined for what is no such function: some are ES modules. Throws where V8 refuses `made`. */
function codeCacheOf(id: string, text: string, made: string | undefined): string | undefined {
  const compiled = compile(id, text, made)
  if (compiled?.cachedDataRejected) {
    throw new Error(`V8 refuses the code cache of ${id} that it has just made`)
  }
  return compiled?.cachedData?.toString('base64')
}

interface Compiled {
  readonly cachedData?: Buffer
  readonly cachedDataRejected?: boolean
}

function compile(id: string, text: string, made: string | undefined): Compiled | undefined {
  try {
    return compileFunction(text, parametersOf(id), {
      filename: `node:${id}`,
      produceCachedData: true,
      ...(made !== undefined && { cachedData: Buffer.from(made, 'base64') }),
    }) as Compiled
  } catch {
    return undefined
  }
}

/** As Node.js has them: `BuiltinLoader::LookupAndCompile` in its `node_builtins.cc`. */
function parametersOf(id: string): string[] {
  if (/^internal\/(bootstrap|main)\//.test(id)) {
    return ['process', 'require', 'internalBinding', 'primordials']
  }
  if (id.startsWith('internal/per_context/')) {
    return ['exports', 'primordials', 'privateSymbols', 'perIsolateSymbols']
  }
  return ['exports', 'require', 'module', 'process', 'internalBinding', 'primordials']
}
