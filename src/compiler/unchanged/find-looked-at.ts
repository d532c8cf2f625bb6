/**
 * Finds out what a build looked at: what it made its bundle of tells which modules there are and what each imports, and so where
 * esbuild, TypeScript and Node.js look for them.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Metafile } from 'esbuild'
import { createPathsMatcher, getTsconfig, parseTsconfig } from 'get-tsconfig'
import type { BuildInputs } from '../build-inputs.ts'
import type { AuthorOptions } from '../bundle/author-options.ts'
import { runtimeDependencies } from '../dependencies/named/named-packages.ts'
import { readManifest } from '../dependencies/package-layout.ts'
import { importedPackage, packageFolders, packageName } from '../dependencies/package-of-file.ts'
import type { FunctionOptions } from '../function-options.ts'
import { licenseFiles } from '../notices/bundled-packages.ts'
import { nodeLicensePlaces } from '../notices/third-party-notices.ts'
import { findLockFiles, LOCK_FILES } from './lock-files.ts'
import { isFile, LookedAt } from './looked-at.ts'
import { sourceMapsOf } from './source-maps.ts'

/** Some of what a build looked at cannot be known. */
export class UnknownInputError extends Error {
  override readonly name = 'UnknownInputError'
}

/** Rejects with an {@link UnknownInputError}, a TooManyFilesError, or what a file system says. */
export async function findLookedAt(options: FunctionOptions, inputs: BuildInputs): Promise<LookedAt> {
  const { bundle, base, files } = inputs
  const { project, metafile } = bundle
  const lookedAt = new LookedAt()
  const modules = moduleFiles(metafile, project)
  const named = externalNames(options, inputs)
  const settings = new TypeScriptSettings(lookedAt, options.bundle.esbuild ?? {})
  const folders = new Set<string>()
  for (const [file, imports] of modules) {
    lookedAt.addFile(file)
    folders.add(dirname(file))
    const resolution = new Resolution(lookedAt, file, settings, options.bundle.esbuild?.alias ?? {})
    const reimported = bundle.packages.reimported.get(file)
    for (const specifier of [...imports, ...(reimported?.specifiers ?? [])]) {
      resolution.add(specifier)
    }
    reimported?.read.forEach((path) => void lookedAt.addFile(path))
  }
  for (const folder of folders) {
    addManifests(lookedAt, folder)
    for (const name of named) {
      lookedAt.addPackage(name, '', folder)
    }
  }
  sourceMapsOf([...modules.keys()]).forEach((file) => void lookedAt.addFile(file))
  await addPackages(lookedAt, inputs)
  const bundled = new Set(bundle.files.map(({ path }) => path))
  for (const file of [
    ...files.filter(({ path }) => !bundled.has(path)).map(({ source }) => source),
    ...options.init.events,
    ...findLockFiles(project),
    ...nodeLicensePlaces(base),
  ]) {
    lookedAt.addFile(file)
  }
  addLockFileNames(lookedAt, project)
  bundle.packages.lookedFor.forEach((path) => void lookedAt.addName(path))
  lookedAt.largeFiles.add(base.original).add(base.path)
  for (const path of [project, dirname(options.entry), base.original]) {
    lookedAt.links.add(path)
  }
  return lookedAt
}

/** The files of modules, with what each imports. */
function moduleFiles({ inputs }: Metafile, project: string): Map<string, string[]> {
  const files = new Map<string, string[]>()
  for (const [name, { imports }] of Object.entries(inputs)) {
    const file = fileOf(name, project)
    const specifiers = imports.map(({ original, path }) => original ?? path)
    if (imports.some(({ external, path }) => external && path.includes('*'))) {
      throw new UnknownInputError(`${name} imports what there is of a pattern`)
    }
    if (file !== undefined) {
      files.set(file, [...(files.get(file) ?? []), ...specifiers])
    }
  }
  return files
}

/** Of a name that esbuild gives a module: `a.html?raw`, `a.json with { type: 'json' }`. */
function fileOf(name: string, project: string): string | undefined {
  if (name.startsWith('absent-import:')) {
    return undefined // What imports it tells of it.
  }
  const path = resolve(
    project,
    name.replace(/ with \{[^}]*\}$/, '').replace(/^(?:wasm-bytes|declarations):/, ''),
  )
  const file = [path, path.replace(/[?#].*$/, '')].find(isFile)
  if (file === undefined) {
    throw new UnknownInputError(`${name} is no file`)
  }
  return file
}

/** What is left out of the bundle: what imports it says so in other words. */
function externalNames(options: FunctionOptions, { bundle: { packages } }: BuildInputs): Set<string> {
  return new Set([
    ...options.bundle.externals,
    ...options.bundle.bundled,
    ...packages.absentExternals,
    ...packages.packages.map(({ name }) => name),
    ...packages.absent.map(({ specifier }) => importedPackage(specifier) ?? ''),
  ])
}

/** Where the imports of one module may lead. */
class Resolution {
  readonly #lookedAt: LookedAt
  readonly #file: string
  readonly #settings: TypeScriptSettings
  readonly #alias: Readonly<Record<string, string>>

  constructor(
    lookedAt: LookedAt,
    file: string,
    settings: TypeScriptSettings,
    alias: Readonly<Record<string, string>>,
  ) {
    this.#lookedAt = lookedAt
    this.#file = file
    this.#settings = settings
    this.#alias = alias
  }

  add(specifier: string): void {
    this.#addPlain(specifier)
    const query = specifier.search(/[?#]/)
    if (query > 0) {
      this.#addPlain(specifier.slice(0, query))
    }
    for (const [name, other] of Object.entries(this.#alias)) {
      if (specifier === name || specifier.startsWith(`${name}/`)) {
        this.#addPlain(other + specifier.slice(name.length))
      }
    }
  }

  #addPlain(specifier: string): void {
    const folder = dirname(this.#file)
    if (/^(?:[a-z]{2,}:|$)/i.test(specifier)) {
      return
    }
    if (isAbsolute(specifier) || /^\.\.?(?:\/|$)/.test(specifier)) {
      this.#lookedAt.addModule(resolve(folder, specifier))
      return
    }
    for (const path of this.#settings.pathsFor(specifier, this.#file)) {
      this.#lookedAt.addModule(path)
    }
    const name = importedPackage(specifier)
    if (name !== undefined) {
      this.#lookedAt.addPackage(name, specifier.slice(name.length + 1), folder)
    }
  }
}

type Matcher = ((specifier: string) => string[]) | null

/** What tsconfig.json says of the author's own modules; esbuild does not look for it in packages. */
class TypeScriptSettings {
  readonly #lookedAt: LookedAt
  readonly #matchers = new Map<string, Matcher>()
  readonly #chosen: string | undefined
  readonly #cache = new Map<string, unknown>()

  constructor(lookedAt: LookedAt, { tsconfig }: AuthorOptions) {
    this.#lookedAt = lookedAt
    this.#chosen = tsconfig === undefined ? undefined : resolve(tsconfig)
  }

  /** Where an import leads by `paths` and `baseUrl`. */
  pathsFor(specifier: string, file: string): string[] {
    return this.#matcherFor(file)?.(specifier) ?? []
  }

  #matcherFor(file: string): Matcher {
    const folder = dirname(file)
    const known = this.#matchers.get(folder)
    if (known !== undefined || packageName(file) !== undefined) {
      return known ?? null
    }
    const matcher = this.#read(file)
    this.#matchers.set(folder, matcher)
    return matcher
  }

  #read(file: string): Matcher {
    const nearest = getTsconfig(file, 'tsconfig.json', this.#cache)
    for (const { path } of nearest?.config.references ?? []) {
      const other = join(dirname(nearest?.path ?? file), path)
      parseTsconfig(path.endsWith('.json') ? other : join(other, 'tsconfig.json'), this.#cache as never)
    }
    const found =
      this.#chosen === undefined
        ? nearest
        : { path: this.#chosen, config: parseTsconfig(this.#chosen, this.#cache as never) }
    for (const key of this.#cache.keys()) {
      const [, path = ''] = /^\w+:(\/.*?)(?::\w+)?$/.exec(key) ?? []
      this.#lookedAt.addFile(path)
    }
    return found === null ? null : createPathsMatcher(found)
  }
}

/** The manifests that apply to what is in `folder`, and where others would be; Yarn's way of finding packages, too. */
function addManifests(lookedAt: LookedAt, folder: string): void {
  for (let at = folder; ; at = dirname(at)) {
    lookedAt.addFile(join(at, 'package.json'))
    for (const name of ['tsconfig.json', 'node_modules', '.pnp.cjs']) {
      lookedAt.addName(join(at, name))
    }
    // It says where Yarn's Plug'n'Play finds each package, and changes with whatever is installed.
    lookedAt.addFile(join(at, '.pnp.cjs'))
    if (isFile(join(at, '.pnp.js'))) {
      throw new UnknownInputError('where an older Yarn finds packages is not known')
    }
    if (at === dirname(at)) {
      return
    }
  }
}

function addLockFileNames(lookedAt: LookedAt, project: string): void {
  for (let at = project; ; at = dirname(at)) {
    LOCK_FILES.forEach((name) => void lookedAt.addName(join(at, name)))
    if (at === dirname(at)) {
      return
    }
  }
}

/** Licences, main files, dependencies; of those that files are shipped of, or that ask for their own place, all. */
async function addPackages(lookedAt: LookedAt, { bundle }: BuildInputs): Promise<void> {
  const { project, metafile, packages } = bundle
  for (const folder of packageFolders(Object.keys(metafile.inputs)).map((each) => join(project, each))) {
    for (const name of ['license', 'licence', 'copying', 'notice', 'index']) {
      lookedAt.addName(join(folder, name))
    }
    for (const file of await licenseFiles(folder)) {
      lookedAt.addFile(join(folder, file))
    }
    for (const value of Object.values(await readManifest(folder))) {
      // A field that names a file: which of them counts depends on which are there.
      if (typeof value === 'string' && /^[\w./@-]+$/.test(value) && value.length < 200) {
        lookedAt.addModule(join(folder, value))
      }
    }
  }
  for (const { folder } of packages.packages) {
    lookedAt.addTree(folder)
    addManifests(lookedAt, folder)
    for (const name of runtimeDependencies(await readManifest(folder))) {
      lookedAt.addPackage(name, '', folder)
    }
  }
  const { dependencies, devDependencies, optionalDependencies } = await readManifest(project)
  for (const name of Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
    lookedAt.addPackage(name, '', project)
  }
}
