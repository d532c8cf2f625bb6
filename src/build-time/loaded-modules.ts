/** Node.js's list of what it has loaded, as `NativeModule internal/util` and so on. */
const LOADED = /^NativeModule (.+)$/

/** Names of Node.js's modules that were loaded so far, its internal ones with them, in order. */
export function loadedModules(): readonly string[] {
  const entries = Reflect.get(process, 'moduleLoadList') as string[]
  return entries.flatMap((entry) => LOADED.exec(entry)?.[1] ?? [])
}
