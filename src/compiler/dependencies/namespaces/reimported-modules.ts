/** Modules of the author's that are bundled with imports that esbuild can leave more out of: {@link ./namespace-imports.ts}. */
import { dirname, join, relative, sep } from 'node:path'
import type { Metafile, Plugin } from 'esbuild'
import { escaped } from '../../escaped-pattern.ts'
import type { SourceOptions } from '../source-options.ts'
import { ExportedNamespaces } from './exported-namespaces.ts'
import { importNamespaces } from './namespace-imports.ts'

export interface ReimportedModule {
  /** In the place of what is in its file. */
  readonly text: string
  /** What it imported, as it is written, that it imports in another way. */
  readonly specifiers: readonly string[]
  /** Absolute paths of the modules that were read for it. */
  readonly read: readonly string[]
}

/** By absolute path. */
export type Reimported = ReadonlyMap<string, ReimportedModule>

export class ReimportedModules {
  readonly found = new Map<string, ReimportedModule>()
  readonly #project: string
  readonly #sources: SourceOptions
  readonly #namespaces: ExportedNamespaces

  /** `project` is what paths in metafiles are relative to. */
  constructor(project: string, sources: SourceOptions = {}) {
    this.#project = project
    this.#sources = sources
    this.#namespaces = new ExportedNamespaces(project)
  }

  async learn(file: string, inputs: Metafile['inputs']): Promise<void> {
    const [project, namespaces, sources] = [this.#project, this.#namespaces, this.#sources]
    const imported = await importNamespaces({ file, project, inputs, namespaces, sources })
    if (imported !== undefined) {
      this.found.set(file, { ...imported, read: namespaces.read })
    }
  }
}

/** Has esbuild bundle them so. What they are may change from build to build; the plugin is asked for what is beside them, too. */
export function bundleReimported(project: string, reimported: () => Reimported): Plugin[] {
  const filter = reimportFilter(project, reimported())
  if (filter === undefined) {
    return []
  }
  return [
    {
      name: 'reimported-modules',
      setup: (build) => {
        build.onLoad({ filter, namespace: 'file' }, ({ path }) => {
          const module = reimported().get(path)
          return module && { contents: module.text, loader: 'default', resolveDir: dirname(path) }
        })
      },
    },
  ]
}

/** The folders of the project that they are in: functions of one project are mostly in the same. Undefined where there are none. */
export function reimportFilter(project: string, reimported: Reimported): RegExp | undefined {
  const beginnings = [...reimported.keys()].map((file) => {
    const [first = '', ...rest] = relative(project, file).split(sep)
    const folder = first === '..' || rest.length === 0 ? dirname(file) : join(project, first)
    return `${escaped(folder + sep)}`
  })
  return beginnings.length === 0
    ? undefined
    : new RegExp(`^(?:${[...new Set(beginnings)].sort().join('|')}).*\\.[cm]?[jt]sx?$`)
}
