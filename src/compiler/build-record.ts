/** Makes the record of a build, and puts it into the executable: see `../executable/build-record.ts`. */
import { open, readFile, stat } from 'node:fs/promises'
import { basename, join, relative, sep } from 'node:path'
import type { Metafile } from 'esbuild'
import {
  type BuildRecord,
  RECORD_SECTION,
  type RecordedModule,
  type RecordedOptions,
  type RecordedPackage,
  type RecordedShipment,
} from '../executable/build-record.ts'
import type { BaseNode, TargetOptions } from './base-node/base-node.ts'
import type { BundleOptions, FunctionBundle } from './bundle/bundle-function.ts'
import type { Compression } from './deflate/deflate-file.ts'
import { packageFolders } from './dependencies/package-of-file.ts'
import { addSection } from './elf/added-section.ts'
import type { FileBytes } from './elf/gathered-bytes.ts'
import { handlerSettings } from './handler-settings.ts'
import type { IncludeOptions } from './package/included-files.ts'
import type { ShippedPackage } from './package/shipped-packages.ts'
import { OWN_FOLDER } from './source-files.ts'
import { withoutMark } from './text/byte-order-mark.ts'
import { readText } from './text/read-in-turn.ts'

export interface RecordSource {
  readonly options: OptionsToRecord
  readonly bundle: FunctionBundle
  readonly base: BaseNode
  readonly shipped: readonly ShippedPackage[]
}

/** Of a build's options, those that a record tells. */
export interface OptionsToRecord {
  readonly name: string
  readonly entry: string
  readonly target: TargetOptions
  readonly bundle: BundleOptions
  readonly init: {
    readonly at: 'lambda' | 'build'
    readonly events: readonly string[]
    readonly stub?: { readonly stubs: readonly unknown[] } | undefined
    readonly isRehearsed?: boolean | undefined
    readonly connect?: readonly string[]
  }
  readonly include: IncludeOptions
  readonly compression: Compression
  readonly notices: boolean
  readonly isStrict?: boolean
}

/** What is known before there is an executable: {@link withOutcome} adds the rest. */
export async function makeRecord({ options, bundle, base, shipped }: RecordSource): Promise<BuildRecord> {
  const { metafile, project } = bundle
  return {
    lambdabin: JSON.parse(await readFile(join(OWN_FOLDER, 'package.json'), 'utf8')).version,
    name: options.name,
    entry: relative(project, options.entry).split(sep).join('/'),
    ...(bundle.handlers && { handlers: handlerSettings(options.name, bundle.handlers) }),
    arch: base.arch,
    node: base.version,
    options: recordedOptions(options),
    warnings: bundle.warnings.map(({ text }) => hereless(text, project)),
    notes: [],
    modules: recordedModules(metafile),
    chunks: recordedChunks(bundle),
    packages: await recordedPackages(metafile, project),
    shipped: shipped.map(recordedShipment),
    strippedBytes: await strippedBytes(base),
  }
}

export interface BuildOutcome {
  readonly initFailure: string | undefined
  readonly notes: readonly string[]
  /** Of a CommonJS entry, where they are known. */
  readonly handlers?: readonly string[] | undefined
}

/** `initFailure`: what the build warned of, too, if the function did not initialise in it. */
export function withOutcome(
  record: BuildRecord,
  { project }: Pick<FunctionBundle, 'project'>,
  { initFailure, notes, handlers }: BuildOutcome,
): BuildRecord {
  const warnings = initFailure === undefined ? [] : [hereless(initFailure, project)]
  return {
    ...record,
    ...(handlers && { handlers }),
    warnings: [...record.warnings, ...warnings],
    notes: notes.map((note) => hereless(note, project)),
  }
}

function hereless(text: string, project: string): string {
  return text.replaceAll(project + sep, '')
}

/** `bytes` is what the file `executable` has. Where it has no place for the record, it stays as it is. */
export async function writeRecord(executable: string, bytes: FileBytes, record: BuildRecord): Promise<void> {
  const change = addSection(bytes, executable, RECORD_SECTION, Buffer.from(JSON.stringify(record)))
  if (change === undefined) {
    return
  }
  const file = await open(executable, 'r+')
  try {
    await file.write(change.tail, 0, change.tail.length, bytes.length)
    await file.write(change.header, 0, change.header.length, 0)
  } finally {
    await file.close()
  }
}

/** JSON leaves out what is undefined. */
function recordedOptions(options: OptionsToRecord): RecordedOptions {
  const { init, target, compression, bundle, include, notices, isStrict } = options
  // Its minify is an option of lambdabin's own.
  const esbuild = Object.keys(bundle.esbuild ?? {})
    .filter((name) => name !== 'minify')
    .sort()
  const all = {
    init: init.at === 'build' ? init.at : undefined,
    intl: target.locales,
    zip: compression === 'small' ? compression : undefined,
    minify: bundle.minify ? undefined : false,
    external: orNothing(bundle.externals),
    bundle: orNothing(bundle.bundled),
    include: orNothing(include.paths.map((path) => shownInclude(path, include.root))),
    event: init.events.length || undefined,
    stub: init.stub?.stubs.length,
    rehearse: init.isRehearsed || undefined,
    connect: orNothing(init.connect ?? []),
    node: target.nodePath === undefined ? undefined : true,
    notices: notices ? undefined : false,
    strict: isStrict || undefined,
    esbuild: orNothing(esbuild),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

function orNothing<Item>(items: readonly Item[]): readonly Item[] | undefined {
  return items.length === 0 ? undefined : items
}

function shownInclude(path: string, root: string): string {
  return path.startsWith(sep) ? relative(root, path) || basename(path) : path
}

function recordedModules(metafile: Metafile): RecordedModule[] {
  const { inputs } = metafile
  const paths = modulePaths(metafile)
  const places = new Map(paths.map((path, index) => [path, index]))
  return paths.map((path) => {
    const { imports = [], format } = inputs[path] ?? {}
    const inside = imports.filter(({ path: to, external }) => !external && places.has(to))
    const placesOf = (isLater: boolean) =>
      unique(
        inside
          .filter(({ kind }) => (kind === 'dynamic-import') === isLater)
          .map(({ path: to }) => places.get(to) as number),
      )
    const outside = unique(
      imports.filter(({ external, kind }) => external && kind !== 'dynamic-import').map(({ path: to }) => to),
    )
    const [own, later] = [placesOf(false), placesOf(true)]
    return {
      path,
      ...(own.length > 0 && { imports: own }),
      ...(later.length > 0 && { later }),
      ...(outside.length > 0 && { outside }),
      ...(format !== 'esm' && { commonJs: true as const }),
    }
  })
}

function recordedChunks({ entry, chunks, metafile }: FunctionBundle): [module: number, bytes: number][][] {
  const places = new Map(modulePaths(metafile).map((path, index) => [path, index]))
  return [entry, ...chunks].map(({ modules }) =>
    [...modules].flatMap(([path, bytes]): [number, number][] => {
      const place = places.get(path)
      return place === undefined || bytes === 0 ? [] : [[place, bytes]]
    }),
  )
}

function modulePaths({ inputs }: Metafile): string[] {
  return Object.keys(inputs).sort()
}

function unique<Item>(items: readonly Item[]): Item[] {
  return [...new Set(items)]
}

async function recordedPackages(metafile: Metafile, project: string): Promise<RecordedPackage[]> {
  const folders = packageFolders(Object.keys(metafile.inputs)).sort()
  const found = await Promise.all(
    folders.map(async (folder) => {
      const manifest = await readText(join(project, folder, 'package.json')).catch(() => '{}')
      const { name, version } = JSON.parse(withoutMark(manifest))
      return { folder, name: name ?? folder.replace(/^.*node_modules\//, ''), version: version ?? '' }
    }),
  )
  return found
}

function recordedShipment({ name, version, place, reason, neededBy }: ShippedPackage): RecordedShipment {
  return {
    name,
    place,
    ...(version !== undefined && { version }),
    ...(reason !== undefined && { reason }),
    ...(neededBy !== undefined && { neededBy }),
  }
}

async function strippedBytes({ original, path }: BaseNode): Promise<number> {
  const [before, after] = await Promise.all([original, path].map(async (file) => (await stat(file)).size))
  return (before ?? 0) - (after ?? 0)
}
