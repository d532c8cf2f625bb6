/**
 * What a function does to its environment variables as it is initialised at build time, `process.env.TZ = 'Asia/Tokyo'`, for it to be done
 * again where it is run: a startup snapshot has none of the environment.
 *
 * What the function looked for before it changed it, `process.env.STAGE ??= 'dev'`, is changed only where it would have found the same.
 */

/** A variable of nobody's. */
const PROBE = 'LAMBDABIN_PROBE'

export class ChangedVariables {
  /** What was there when it was first looked for, by name. */
  readonly #found = new Map<string, string | undefined>()
  /** What they were set to, by name; undefined for those that were deleted. */
  readonly #changed = new Map<string, string | undefined>()
  readonly #isOver: () => boolean

  /** Nothing counts any more that happens when it `isOver`. */
  constructor(isOver: () => boolean) {
    this.#isOver = isOver
  }

  /** What a function is to have in the place of `env`; `onRead` is told what it looks for. A function may keep it: it leads to the environment of each later process. */
  watched(env: NodeJS.ProcessEnv, onRead: (key: string | symbol) => void): NodeJS.ProcessEnv {
    const find = (key: string | symbol) => this.#find(key, env)
    const change = (key: string | symbol) => this.#change(key, env)
    return new Proxy(env, {
      get: (target, key) => {
        onRead(key)
        find(key)
        return Reflect.get(target, key)
      },
      // Else Node.js refuses to change a variable that is set: a proxy defines it anew, by its value alone.
      set: (target, key, value) => {
        const isSet = Reflect.set(target, key, value)
        change(key)
        return isSet
      },
      defineProperty: (target, key, descriptor) => {
        const isDefined = Reflect.defineProperty(target, key, descriptor)
        change(key)
        return isDefined
      },
      deleteProperty: (target, key) => {
        const isDeleted = Reflect.deleteProperty(target, key)
        change(key)
        return isDeleted
      },
      has: (target, key) => {
        onRead(key)
        find(key)
        return Reflect.has(target, key)
      },
      getOwnPropertyDescriptor: (target, key) => {
        find(key)
        return Reflect.getOwnPropertyDescriptor(target, key)
      },
      ownKeys: (target) => {
        onRead('all of them')
        return Reflect.ownKeys(target)
      },
    })
  }

  /** Where the function has put an object of its own in the place of `env`, whose variables are those of the build for good, `env` is to be there again, with what it changed. */
  takeBack(env: NodeJS.ProcessEnv): void {
    const own = process.env
    if (leadsTo(env, own)) {
      return
    }
    for (const name of Object.keys({ ...env, ...own })) {
      const value = own[name] === undefined ? undefined : String(own[name])
      if (value !== env[name]) {
        this.#changed.set(name, value)
      }
    }
    process.env = env
  }

  /** Does to `env` what was done. */
  changeAgain(env: NodeJS.ProcessEnv): void {
    for (const [name, value] of this.#changed) {
      if (this.#found.has(name) && this.#found.get(name) !== env[name]) {
        continue
      }
      if (value === undefined) {
        delete env[name]
      } else {
        env[name] = value
      }
    }
  }

  #find(key: string | symbol, env: NodeJS.ProcessEnv): void {
    if (typeof key === 'string' && !this.#isOver() && !this.#found.has(key) && !this.#changed.has(key)) {
      this.#found.set(key, ownValue(env, key))
    }
  }

  #change(key: string | symbol, env: NodeJS.ProcessEnv): void {
    if (typeof key === 'string' && !this.#isOver()) {
      this.#changed.set(key, ownValue(env, key))
    }
  }
}

/** Whether who asks `own` is answered by `env`: it is that, or a proxy around it. */
function leadsTo(env: NodeJS.ProcessEnv, own: NodeJS.ProcessEnv): boolean {
  if (own === env) {
    return true
  }
  env[PROBE] = PROBE
  try {
    return own[PROBE] === PROBE
  } finally {
    delete env[PROBE]
  }
}

/** What it inherits, `toString` above all, is no variable. */
function ownValue(env: NodeJS.ProcessEnv, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined
}
