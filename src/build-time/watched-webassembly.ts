/** While a snapshot is made, V8 has no WebAssembly; each process that starts from the snapshot has it again. */

export interface WebAssemblyWatch {
  isOver(): boolean
  /** The error to throw where there is no going on, of what the function does: `uses WebAssembly.compile`. */
  refuse(what: string): Error
  /** The same where it may do without. */
  lack(what: string): Error
}

/** Puts something in its place that watches what is asked of it. Returns what takes that away. */
export function watchWebAssembly({ isOver, refuse, lack }: WebAssemblyWatch): () => void {
  if ('WebAssembly' in globalThis) {
    throw new Error('WebAssembly is there, and would not be watched')
  }
  const later = (key: string | symbol): unknown => {
    if (!isOver()) {
      const what = `uses WebAssembly.${String(key)}`
      // Those fail at once, and so often in a `try`: `long` has JavaScript for where there is none.
      throw /^(?:Instance|Module)$/.test(String(key)) ? lack(what) : refuse(what)
    }
    return Reflect.get(Reflect.get(globalThis, 'WebAssembly'), key)
  }
  const proxy = new Proxy({}, { get: (_, key) => later(key) })
  Object.defineProperty(globalThis, 'WebAssembly', { configurable: true, writable: true, value: proxy })
  return () => {
    Reflect.deleteProperty(globalThis, 'WebAssembly')
  }
}
