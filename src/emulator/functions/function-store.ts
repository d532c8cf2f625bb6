/**
 * The functions that outlive the emulator, in a folder: `<folder>/<name>/function.json` and, beside it,
 * `<folder>/<name>/code-…/` with the zip and what was in it.
 *
 * The document is written last and atomically, and names the folder of the code. So whatever was going on when the
 * emulator was killed, a function is there as it was before or after. What no document names is deleted at the start.
 */

import { randomUUID } from 'node:crypto'
import { access, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder, writeAtomically } from '../atomic-file.ts'
import { PackageCode } from '../code/package-code.ts'
import type { CodeDescription, FunctionConfiguration } from './function-configuration.ts'
import { LocalFunction } from './local-function.ts'

interface StoredFunction {
  version: 1
  configuration: FunctionConfiguration
  code: CodeDescription & { folder: string }
}

const DOCUMENT = 'function.json'
const CODE_FOLDER = /^code-[0-9a-f-]{36}$/
const FUNCTION_FOLDER = /^[a-zA-Z0-9_-]{1,64}$/

export class FunctionStore {
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
  }

  static async open(folder: string): Promise<FunctionStore> {
    await mkdir(folder, { recursive: true })
    return new FunctionStore(folder)
  }

  /** All functions that are whole. `onProblem` hears, in a sentence, of each that is not. */
  async load(onProblem: (message: string) => void): Promise<LocalFunction[]> {
    const functions: LocalFunction[] = []
    for (const name of (await readdir(this.#folder)).filter((entry) => FUNCTION_FOLDER.test(entry)).sort()) {
      const loaded = await this.#loadOne(name, onProblem)
      if (loaded !== undefined) {
        functions.push(loaded)
      }
    }
    return functions
  }

  /** Brings the code to where it is kept. It is not part of the function until `save`. */
  async keepCode(name: string, code: PackageCode): Promise<PackageCode> {
    return await code.moveTo(join(this.#folder, name, `code-${randomUUID()}`))
  }

  /** Resolves when the function, as it is now, outlives the emulator. */
  async save({ name, configuration, code }: LocalFunction): Promise<void> {
    const folder = (code as PackageCode).folder.slice(join(this.#folder, name).length + 1)
    const stored: StoredFunction = { version: 1, configuration, code: { ...code.description, folder } }
    await writeAtomically(join(this.#folder, name, DOCUMENT), `${JSON.stringify(stored, undefined, 2)}\n`)
  }

  /** The document goes first: without it, the rest is only waste. */
  async forget(name: string): Promise<void> {
    await rm(join(this.#folder, name, DOCUMENT), { force: true })
    await syncFolder(join(this.#folder, name))
  }

  /** Deletes what is left of a function that was forgotten. */
  async sweep(name: string): Promise<void> {
    const folder = join(this.#folder, name)
    if (!(await exists(join(folder, DOCUMENT)))) {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 })
    }
  }

  async #loadOne(name: string, onProblem: (message: string) => void): Promise<LocalFunction | undefined> {
    const folder = join(this.#folder, name)
    if (!(await exists(join(folder, DOCUMENT)))) {
      await this.sweep(name)
      return undefined
    }
    try {
      const stored = parse(await readFile(join(folder, DOCUMENT), 'utf8'), name)
      const code = new PackageCode(join(folder, stored.code.folder), stored.code)
      await checkCode(code)
      await this.#deleteAllBut(folder, stored.code.folder)
      return new LocalFunction({ configuration: stored.configuration, code, isPersistent: true })
    } catch (error) {
      const reason = error instanceof Error ? error.message : error
      onProblem(`cannot read the function ${name} in ${folder} (${reason}); create it again`)
      return undefined
    }
  }

  async #deleteAllBut(folder: string, code: string): Promise<void> {
    for (const entry of await readdir(folder)) {
      if (entry !== DOCUMENT && entry !== code) {
        await rm(join(folder, entry), { recursive: true, force: true })
      }
    }
  }
}

function parse(text: string, name: string): StoredFunction {
  const stored = JSON.parse(text) as Partial<StoredFunction>
  if (stored.version !== 1 || stored.configuration?.functionName !== name) {
    throw new Error('it is of another release of lambdabin')
  }
  if (stored.code === undefined || !CODE_FOLDER.test(stored.code.folder)) {
    throw new Error('it names no code')
  }
  return stored as StoredFunction
}

async function checkCode(code: PackageCode): Promise<void> {
  const { size } = await stat(code.zip)
  if (size !== code.description.codeSize) {
    throw new Error('its zip is not whole')
  }
  await access(join(code.prepare().taskRoot, 'bootstrap'))
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
