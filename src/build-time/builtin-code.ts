/**
 * Has V8 compile what functions use of Node.js's own modules, and writes the code caches of those modules, with what was
 * compiled: for the Node.js binary of executables. {@link ./contract.ts} tells how it is run.
 *
 * V8 keeps the code of each module in a cache by its text, and gives it out again when the same text is compiled under the
 * same name and with the same parameters: with all functions that were compiled since. So `vm.compileFunction` reaches
 * the code of Node.js's own modules, and makes the cache.
 */

import { writeFileSync } from 'node:fs'
import { compileFunction } from 'node:vm'
import { runWorkload } from './builtin-workload.ts'
import type { BuiltinCode } from './contract.ts'
import { loadedModules } from './loaded-modules.ts'

const [output = '', http, https] = process.argv.slice(2)
/** How far the list is as Node.js starts. */
const atStart = loadedModules().length

runWorkload({ http: Number(http), https: Number(https) }).then((failed) => {
  writeFileSync(
    output,
    JSON.stringify({ failed, modules: modulesWithCode(), loaded: loadedModules().slice(atStart) }),
  )
  process.exit(0)
})

function modulesWithCode(): BuiltinCode['modules'] {
  const sources = (Reflect.get(process, 'binding') as (name: string) => Record<string, unknown>)('natives')
  const modules = Object.entries(sources).flatMap(([id, text]) =>
    typeof text === 'string' ? [[id, { length: text.length, cache: codeCacheOf(id, text) }]] : [],
  )
  return Object.fromEntries(modules)
}

/** Base64; undefined for what is no such function: some are ES modules. */
function codeCacheOf(id: string, text: string): string | undefined {
  try {
    const compiled = compileFunction(text, parametersOf(id), {
      filename: `node:${id}`,
      produceCachedData: true,
    })
    return (compiled as { cachedData?: Buffer }).cachedData?.toString('base64')
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
