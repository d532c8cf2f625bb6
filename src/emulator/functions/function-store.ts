/**
 * The functions that outlive the emulator, in a folder: `<folder>/<name>/function.json` and, beside it,
 * `<folder>/<name>/code-…/` with the zip and what was in it, for each version that has code of its own.
 *
 * The document is written last and atomically, and names the folders of the code. So whatever was going on when the
 * emulator was killed, a function is there as it was before or after. What no document names is deleted at the start.
 */

import { randomUUID } from 'node:crypto'
import { access, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { syncFolder, writeAtomically } from '../atomic-file.ts'
import { layeredFunctions } from '../code/deployment-package.ts'
import { PackageCode } from '../code/package-code.ts'
import { FunctionVersion } from './function-version.ts'
import { LocalFunction } from './local-function.ts'
import {
  parseStoredFunction,
  type StoredCode,
  type StoredFunction,
  storedFunction,
} from './stored-function.ts'

const DOCUMENT = 'function.json'
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
  async save(saved: LocalFunction): Promise<void> {
    const document = storedFunction(saved, (code) => basename((code as PackageCode).folder))
    await writeAtomically(
      join(this.#folder, saved.name, DOCUMENT),
      `${JSON.stringify(document, undefined, 2)}\n`,
    )
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
      const stored = parseStoredFunction(await readFile(join(folder, DOCUMENT), 'utf8'), name)
      const loaded = await restore(stored, folder)
      await deleteAllBut(folder, [DOCUMENT, ...loaded.allVersions.map(({ code }) => folderOf(code))])
      return loaded
    } catch (error) {
      const reason = error instanceof Error ? error.message : error
      onProblem(`cannot read the function ${name} in ${folder} (${reason}); create it again`)
      return undefined
    }
  }
}

async function restore(stored: StoredFunction, folder: string): Promise<LocalFunction> {
  const codes = new Map<string, PackageCode>()
  const open = async (code: StoredCode) => {
    const known = codes.get(code.folder) ?? new PackageCode(join(folder, code.folder), code)
    codes.set(code.folder, known)
    await checkCode(known)
    return known
  }
  const { configuration } = stored
  const restored = new LocalFunction({ configuration, code: await open(stored.code), isPersistent: true })
  for (const { version, configuration: published, code } of stored.versions) {
    restored.versions.set(version, new FunctionVersion(version, published, await open(code)))
  }
  for (const alias of stored.aliases) {
    restored.aliases.set(alias.name, alias)
  }
  for (const [qualifier, settings] of Object.entries(stored.settings)) {
    restored.settings.set(qualifier, settings)
  }
  restored.lastVersion = stored.lastVersion
  restored.recursiveLoop = stored.recursiveLoop
  return restored
}

function folderOf(code: unknown): string {
  return basename((code as PackageCode).folder)
}

async function deleteAllBut(folder: string, kept: readonly string[]): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!kept.includes(entry)) {
      await rm(join(folder, entry), { recursive: true, force: true })
    }
  }
}

async function checkCode(code: PackageCode): Promise<void> {
  const { size } = await stat(code.zip)
  if (size !== code.description.codeSize) {
    throw new Error('its zip is not whole')
  }
  const { taskRoot } = code.prepare()
  const isOfLayer = (await layeredFunctions({ folder: taskRoot, name: '' })).length > 0
  if (!isOfLayer) {
    await access(join(taskRoot, 'bootstrap'))
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
