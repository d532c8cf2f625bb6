/** What of the disk a bundle of some modules is made of: their text, and the settings and manifests that apply to them. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { getTsconfig, parseTsconfig } from 'get-tsconfig'
import type { CacheInput } from '../../cache/build-cache.ts'
import { sourceMapsOf } from '../../unchanged/source-maps.ts'

/** Reads each file once. */
export class ModuleInputs {
  readonly #project: string
  readonly #tsconfig: string | undefined
  readonly #contents = new Map<string, Promise<CacheInput>>()

  /** `project`: what paths are relative to; `tsconfig`: the one that the author has chosen. */
  constructor(project: string, tsconfig: string | undefined) {
    this.#project = project
    this.#tsconfig = tsconfig
  }

  /** Of the modules `paths`, as a metafile names them. */
  async of(paths: readonly string[]): Promise<CacheInput[]> {
    const files = paths.map((path) => resolve(this.#project, path))
    const maps = sourceMapsOf(files.filter((file) => existsSync(file)))
    const read = [...manifestsOf(files, this.#project), ...files, ...maps]
    return [
      JSON.stringify(settingsOf(files, this.#tsconfig)),
      ...(await Promise.all(read.map(async (file) => [file, await this.#contentOf(file)]))).flat(),
    ]
  }

  /** A name that is no file's is that of one with a query behind it, or of what a plugin of ours makes of the rest. */
  #contentOf(file: string): Promise<CacheInput> {
    const plain = file.replace(/[?#].*$/, '')
    const content =
      this.#contents.get(file) ?? readFile(file).catch(() => readFile(plain).catch(() => 'none'))
    this.#contents.set(file, content)
    return content
  }
}

/** Of TypeScript, by folder; esbuild does not look for them in packages. */
function settingsOf(files: readonly string[], chosen: string | undefined): unknown {
  if (chosen !== undefined) {
    return parseTsconfig(resolve(chosen))
  }
  const folders = new Set(files.filter((file) => !isOfPackage(file)).map((file) => dirname(file)))
  const cache = new Map()
  return [...folders].map((folder) => [folder, settingsIn(folder, cache)])
}

/** What cannot be read esbuild has warned of, and does without. */
function settingsIn(folder: string, cache: Map<string, unknown>): unknown {
  try {
    return getTsconfig(folder, 'tsconfig.json', cache)?.config ?? null
  } catch (error) {
    return String(error)
  }
}

/** Of each package that a module is of, and of the project. */
function manifestsOf(files: readonly string[], project: string): string[] {
  const folders = files.filter(isOfPackage).map((file) => {
    const [, folder = ''] = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file) ?? []
    return folder
  })
  return [...new Set([project, ...folders])].sort().map((folder) => join(folder, 'package.json'))
}

function isOfPackage(file: string): boolean {
  return /[\\/]node_modules[\\/]/.test(file)
}
