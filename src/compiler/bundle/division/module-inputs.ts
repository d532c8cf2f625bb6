/** What of the disk a bundle of some modules is made of: their text, and the settings and manifests that apply to them. */
import { dirname, join, resolve } from 'node:path'
import { getTsconfig, parseTsconfig } from 'get-tsconfig'
import type { CacheInput } from '../../cache/build-cache.ts'
import { readBytes } from '../../text/read-in-turn.ts'
import { sourceMapsIn } from '../../unchanged/source-maps.ts'

interface Module {
  readonly content: CacheInput
  /** Paths of the source maps that it names. */
  readonly maps: readonly string[]
}

/** Reads each file once. */
export class ModuleInputs {
  readonly #project: string
  readonly #tsconfig: string | undefined
  readonly #modules = new Map<string, Promise<Module>>()

  /** `project`: what paths are relative to; `tsconfig`: the one that the author has chosen. */
  constructor(project: string, tsconfig: string | undefined) {
    this.#project = project
    this.#tsconfig = tsconfig
  }

  /** Of the modules `paths`, as a metafile names them. */
  async of(paths: readonly string[]): Promise<CacheInput[]> {
    const files = paths.map((path) => resolve(this.#project, path))
    const modules = await Promise.all(files.map((file) => this.#read(file)))
    const maps = modules.flatMap(({ maps }) => maps)
    const others = await Promise.all(
      [...manifestsOf(files, this.#project), ...maps].map(async (file) => [
        file,
        (await this.#read(file)).content,
      ]),
    )
    return [
      JSON.stringify(settingsOf(files, this.#tsconfig)),
      ...others.flat(),
      ...modules.flatMap(({ content }, index) => [files[index] ?? '', content]),
    ]
  }

  #read(file: string): Promise<Module> {
    const module = this.#modules.get(file) ?? readModule(file)
    this.#modules.set(file, module)
    return module
  }
}

/** A name that is no file's is that of one with a query behind it, or of what a plugin of ours makes of the rest. */
async function readModule(file: string): Promise<Module> {
  const text = await readBytes(file).catch(() => undefined)
  if (text !== undefined) {
    return { content: text, maps: sourceMapsIn(file, text) }
  }
  const plain = file.replace(/[?#].*$/, '')
  return { content: await readBytes(plain).catch(() => 'none'), maps: [] }
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
