/**
 * Traces a start from within: Node.js loads this before the executable's main script, and the executable knows nothing of it. It
 * takes the place of what compiles scripts and what gives Node.js's own modules, and writes down when that is called.
 *
 * It is JavaScript for a Node.js that cannot strip types, so that it is bundled first.
 */
import { basename } from 'node:path'
import {
  BEGIN,
  type BuiltinTrace,
  beginCode,
  END,
  END_CODE,
  MARK,
  type ScriptTrace,
  type Span,
  TRACE,
  TRACE_SETTINGS,
  type Trace,
  type TraceSettings,
} from './trace.ts'

const begin = performance.now()

/** More than a large function has; what comes behind is not written down. */
const MOST_MARKS = 1 << 17
const times = new Float64Array(MOST_MARKS)
const codes = new Int32Array(MOST_MARKS)
let marks = 0

/** Who is under way: numbers of modules, and names of others. */
const stack: (number | string)[] = ['launcher']
const builtins: BuiltinTrace[] = []
const measuring: Span[] = []
const moments: { runtimeStart?: number; preload?: Span; load?: Span } = {}

interface TracedScript {
  readonly file: string
  readonly compile: Span
  evaluate: Span | undefined
  readonly cacheBytes: number | undefined
  readonly script: import('node:vm').Script
}
const scripts: TracedScript[] = []

function write(code: number): void {
  if (marks < MOST_MARKS) {
    times[marks] = performance.now()
    codes[marks] = code
    marks += 1
  }
}

const globals = {
  [MARK](module: number): void {
    stack[stack.length - 1] = module
    write(module)
  },
  [BEGIN](module: number): void {
    stack.push(module)
    write(beginCode(module))
  },
  [END](): void {
    stack.pop()
    write(END_CODE)
  },
  [TRACE]: { read, writeCaches },
}
for (const [name, value] of Object.entries(globals)) {
  Object.defineProperty(globalThis, name, { value, enumerable: false })
}

const settings: TraceSettings = JSON.parse(process.env[TRACE_SETTINGS] ?? '{"scripts":{}}')
delete process.env[TRACE_SETTINGS]
delete process.env.NODE_OPTIONS
if (settings.nodeOptions !== undefined) {
  process.env.NODE_OPTIONS = settings.nodeOptions
}

const fs = process.getBuiltinModule('node:fs')
const vm = process.getBuiltinModule('node:vm')
const getBuiltin = process.getBuiltinModule
process.getBuiltinModule = ((id: string) =>
  watched(id, () => getBuiltin.call(process, id))) as typeof getBuiltin

const { Script } = vm
vm.Script = class extends Script {
  readonly #traced: TracedScript

  constructor(text: string, options: import('node:vm').ScriptOptions) {
    const file = basename(options.filename ?? '')
    const other = settings.scripts[file]
    const from = performance.now()
    const cachedData = other === undefined ? options.cachedData : readCache(other.cache)
    const source = other === undefined ? text : fs.readFileSync(other.text, 'latin1')
    const compileFrom = performance.now()
    super(source, { ...options, cachedData })
    const end = performance.now()
    if (other !== undefined) {
      measuring.push({ begin: from, end: compileFrom })
    }
    const compile = { begin: compileFrom, end }
    this.#traced = { file, compile, evaluate: undefined, cacheBytes: cachedData?.byteLength, script: this }
    scripts.push(this.#traced)
  }

  override runInThisContext(...parameters: Parameters<InstanceType<typeof Script>['runInThisContext']>) {
    const made = super.runInThisContext(...parameters)
    // What the launcher does is what is not told of others.
    const isTold = typeof made === 'function' && this.#traced.file !== 'launcher.js'
    return isTold ? traced(made, this.#traced) : made
  }
}

/** The cache is not there when the text is run for the first time. */
function readCache(file: string): Buffer | undefined {
  try {
    return fs.readFileSync(file)
  } catch {
    return undefined
  }
}

type Evaluate = (...parameters: unknown[]) => unknown

function traced(evaluate: Evaluate, script: TracedScript): Evaluate {
  const name = script.file.startsWith('function')
    ? 'function'
    : script.file === 'prime.js'
      ? 'priming'
      : 'runtime'
  return function (this: unknown, exports, require, module, ...rest) {
    const from = performance.now()
    stack.push(name)
    try {
      const own = typeof require === 'function' ? watchedRequire(require as NodeJS.Require) : require
      const result = Reflect.apply(evaluate, this, [exports, own, module, ...rest])
      if (script.file === 'runtime.js') {
        watchRuntime(module as { exports: RuntimeExports })
      }
      return result
    } finally {
      stack.pop()
      script.evaluate = { begin: from, end: performance.now() }
    }
  }
}

interface TracedProgram {
  preload?(): Promise<void> | undefined
  loadFunction(): unknown
}

interface RuntimeExports {
  start(program: TracedProgram): void
}

/** The launcher starts the runtime with a program, and the runtime asks that to prime and to load the function. */
function watchRuntime(module: { exports: RuntimeExports }): void {
  const { exports } = module
  const start = (program: TracedProgram) => {
    moments.runtimeStart = performance.now()
    stack[0] = 'runtime'
    exports.start({
      ...program,
      preload: () => {
        // What is primed goes on between other things, until the function is loaded.
        stack[0] = 'priming'
        return timed('preload', 'priming', () => program.preload?.())
      },
      loadFunction: () => {
        stack[0] = 'function'
        return timed('load', 'function', () => program.loadFunction())
      },
    })
  }
  module.exports = new Proxy(exports, {
    get: (own, name) => (name === 'start' ? start : Reflect.get(own, name)),
  })
}

/** Until the promise that it returns is settled, if it returns one. */
function timed<Result>(which: 'preload' | 'load', name: string, call: () => Result): Result {
  const from = performance.now()
  stack.push(name)
  let result: Result
  try {
    result = call()
  } finally {
    stack.splice(stack.lastIndexOf(name), 1)
    moments[which] = { begin: from, end: performance.now() }
  }
  if (result instanceof Promise) {
    const settled = () => {
      moments[which] = { begin: from, end: performance.now() }
    }
    result.then(settled, settled)
  }
  return result
}

function watchedRequire(require: NodeJS.Require): NodeJS.Require {
  return new Proxy(require, {
    apply: (own, receiver, parameters) =>
      watched(String(parameters[0]), () => Reflect.apply(own, receiver, parameters)),
  })
}

let isLoading = false

/** What loads something may ask for more: that is its own. */
function watched<Result>(id: string, load: () => Result): Result {
  if (isLoading) {
    return load()
  }
  isLoading = true
  try {
    return watchedLoad(id, load)
  } finally {
    isLoading = false
  }
}

function watchedLoad<Result>(id: string, load: () => Result): Result {
  const list = (process as unknown as { moduleLoadList: string[] }).moduleLoadList
  const before = list.length
  const from = performance.now()
  const result = load()
  if (list.length > before) {
    const loaded = list
      .slice(before)
      .filter((each) => each.startsWith('NativeModule '))
      .map((each) => each.slice('NativeModule '.length))
    const askedBy = stack.at(-1) ?? 'runtime'
    builtins.push({ id, askedBy, loaded, begin: from, end: performance.now() })
  }
  return result
}

/** Called over the inspector, once the start is over. */
function read(): Trace {
  const { nodeStart, v8Start, environment } = performance.nodeTiming
  const { user, system } = process.cpuUsage()
  return {
    timeOrigin: performance.timeOrigin,
    nodeStart,
    v8Start,
    environment,
    hook,
    measuring,
    scripts: scripts.map(readScript),
    builtins,
    runtimeStart: moments.runtimeStart,
    preload: moments.preload,
    load: moments.load,
    marks: Array.from({ length: marks }, (_, index) => [times[index] ?? 0, codes[index] ?? 0] as const),
    cpuMicroseconds: user + system,
  }
}

function readScript({ file, compile, evaluate, cacheBytes, script }: TracedScript): ScriptTrace {
  const isCacheRejected = script.cachedDataRejected === true
  return {
    file,
    compile,
    evaluate,
    cacheBytes,
    isCacheRejected,
    cacheBytesNow: script.createCachedData().length,
  }
}

/** For the runs that follow: the texts with marks need code caches of their own. */
function writeCaches(): void {
  for (const { file, script } of scripts) {
    const other = settings.scripts[file]
    if (other !== undefined) {
      fs.writeFileSync(other.cache, script.createCachedData())
    }
  }
}

const hook: Span = { begin, end: performance.now() }
