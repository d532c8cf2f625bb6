/**
 * Which packages of a bundle cannot live in one text, as far as reading them tells.
 *
 * - A package with native addons is *shipped*: it stays out of the bundle, as it is.
 * - So is one that loads modules of its own by computed names, when they share state with what is bundled.
 * - One that only reads files beside its modules, or starts workers from them, stays in the bundle, where it starts
 *   faster: its files are shipped, and its modules are *located*, that is they are told the place that they would be at.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, parse } from 'node:path'
import { readText } from '../text/read-in-turn.ts'
import type { BundledPackage } from './bundled-packages.ts'
import { findDataFiles, hasDataFiles, isDataFile } from './data-files.ts'
import { findPackageReads } from './installed/package-reads.ts'
import { findModuleFacts, type ModuleFacts, NO_FACTS } from './module-facts.ts'
import { findNamedFiles } from './named/named-files.ts'
import { isAddonImport, mayLoadPlatformPackage, platformPackages } from './native-addons.ts'
import { resolveFrom } from './node-resolution.ts'
import { findAbsentNames } from './own/absent-names.ts'
import { readManifest } from './package-layout.ts'
import { addFiles, packageFolder, packageFolders } from './package-of-file.ts'
import { requiresOfOthers } from './requires/made-requires.ts'
import { isSloppy } from './strictness/sloppy-code.ts'
import { isModuleFile, traceAll, traceOwnFiles } from './traced-files.ts'

/** Why a package has files, that are the modules of threads or processes. */
export const STARTS_WORKERS = 'starts workers from its files'

const LOADS_OWN = 'loads its own modules by computed names'

export interface PackageVerdict {
  /** Why it has to be left out of the bundle, as what follows its name: `has native addons`. Undefined: it has not. */
  readonly shippedBecause: string | undefined
  /** By absolute path, its modules that are to be told their place. */
  readonly located: ReadonlyMap<string, ModuleFacts>
  /** Absolute paths of the files that these need, of other packages, too; `all` where they cannot be told. */
  readonly files: readonly string[] | 'all'
  /** Why it has files, in the same words. */
  readonly filesBecause: string
  /** Whether it loads what has a name that only shows when it runs. */
  readonly loadsByName: boolean
  /** What it would load of its own, and will not find. */
  readonly ownPatterns: readonly string[]
  /** What it reads of the working folder, relative. */
  readonly reads: readonly string[]
}

/** A module of which nothing is to be said. */
const PLAIN: PackageVerdict = {
  shippedBecause: undefined,
  located: new Map(),
  files: [],
  filesBecause: '',
  loadsByName: false,
  ownPatterns: [],
  reads: [],
}

/**
 * `isMeant` tells whether the author's own code has a text: `de`, as in `moment.locale('de')`; `isStrict`, whether the bundle is in
 * strict mode.
 */
export async function surveyPackage(
  surveyed: BundledPackage,
  isMeant: (text: string) => boolean,
  isStrict = false,
): Promise<PackageVerdict> {
  if (
    surveyed.imports.some(({ specifier }) => isAddonImport(specifier)) ||
    (await hasPlatformPackages(surveyed))
  ) {
    return { ...PLAIN, shippedBecause: 'has native addons', loadsByName: true }
  }
  const { facts, reads } = await readFacts(surveyed.modules)
  return { ...(await judge(surveyed, facts, isMeant, isStrict)), reads }
}

async function judge(
  surveyed: BundledPackage,
  facts: ReadonlyMap<string, ModuleFacts>,
  isMeant: (text: string) => boolean,
  isStrict: boolean,
): Promise<PackageVerdict> {
  if (isStrict && (await anyIsSloppy(surveyed.modules))) {
    const loadsByName = [...facts.values()].some((each) => each.loadsByName || each.importsByName)
    return { ...PLAIN, shippedBecause: 'is not written for strict mode', loadsByName }
  }
  if (facts.size === 0) {
    return PLAIN
  }
  if ([...facts.values()].some(({ replacesRequire }) => replacesRequire)) {
    return { ...PLAIN, shippedBecause: 'loads modules by a require of its own', loadsByName: true }
  }
  const patterns = [...facts].flatMap(([file, { relativePatterns }]) =>
    relativePatterns.map(({ beginning, imported }) => {
      const path = join(dirname(file), beginning)
      return { path, names: modulesAt(path).filter((name) => !imported.includes(name)) }
    }),
  )
  if (patterns.some(({ names }) => names.some(isMeant))) {
    return { ...PLAIN, shippedBecause: LOADS_OWN, loadsByName: true }
  }
  const ownPatterns = patterns.filter(({ names }) => names.length > 0).map(({ path }) => path)
  return { ...(await surveyFiles(surveyed, facts)), ownPatterns }
}

/** Whether it comes as a package for each platform, and one of its modules may load that. */
async function hasPlatformPackages({ folder, modules }: BundledPackage): Promise<boolean> {
  const names = platformPackages(await readManifest(folder).catch(() => ({})))
  if (names.length === 0) {
    return false
  }
  const codes = await Promise.all(modules.filter(isModuleFile).map((file) => readText(file)))
  return codes.some((code) => mayLoadPlatformPackage(code, names))
}

async function readFacts(modules: readonly string[]) {
  const facts = new Map<string, ModuleFacts>()
  const reads = new Set<string>()
  const files = new Set(modules.filter(isModuleFile))
  for (const file of files) {
    const code = await readText(file)
    findPackageReads(code).forEach((path) => void reads.add(path))
    const absentNames = await findAbsentNames(file, code)
    const found = findModuleFacts(
      code,
      requiresOfOthers(
        (specifier) => resolveFrom(specifier, file).map((found) => readFileSync(found, 'utf8'))[0],
      ),
    )
    if (found !== undefined || absentNames.length > 0) {
      facts.set(file, { ...(found ?? NO_FACTS), absentNames })
    }
    // No bundle has these yet.
    for (const required of (found?.factoryRequired ?? []).flatMap((each) => resolveFrom(each, file))) {
      if (isModuleFile(required)) {
        files.add(required)
      }
    }
  }
  return { facts, reads: [...reads] }
}

async function anyIsSloppy(modules: readonly string[]): Promise<boolean> {
  for (const file of modules.filter(isModuleFile)) {
    if (isSloppy(await readText(file))) {
      return true
    }
  }
  return false
}

/** What may stand behind `pattern` for it to be the path of a module: `de` for `…/locale/`, and for `…/locale-`. */
function modulesAt(pattern: string): string[] {
  const folder = pattern.endsWith('/') ? pattern : dirname(pattern)
  const beginning = pattern.endsWith('/') ? '' : basename(pattern)
  return existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => isModuleFile(name) && name.startsWith(beginning))
        .map((name) => parse(name).name.slice(beginning.length))
        .sort()
    : []
}

async function surveyFiles(
  { modules, folder }: BundledPackage,
  facts: ReadonlyMap<string, ModuleFacts>,
): Promise<PackageVerdict> {
  const all = [...facts.values()]
  const loadsByName = all.some(
    (each) => each.loadsByName || each.importsByName || each.startsWorkers || each.makesOtherRequires,
  )
  const startsWorkers = all.some((each) => each.startsWorkers)
  const asking = [...facts].filter(([, each]) => each.locations.some(({ isUsed }) => isUsed))
  const begun = [...facts].flatMap(([file, each]) => resolveAll(each.begun ?? [], file))
  const read = [
    ...(await traceOwnFiles(asking.map(([file]) => file))),
    ...[...facts].flatMap(([file, { resolved }]) => resolveAll(resolved, file)),
    ...begun,
  ]
  const found = [...read, ...findNamedFiles(read)]
  const imported = [...facts].flatMap(([file, { importedTexts }]) => resolveAll(importedTexts, file))
  const code = [...found.filter(isModuleFile), ...imported]
  const traced = code.length > 0 ? await traceAll(code) : []
  const needed = [...traced, ...(await dataBeside(traced))]
  const located = new Map([...facts].filter(([, each]) => isToBeLocated(each)))
  const loadingOwn = asking.filter(([, each]) => each.loadsByName || each.importsByName)
  const loadsOwn = found.some(isModuleFile)
    ? loadingOwn.length + begun.length > 0 && !startsWorkers && needed.some((file) => modules.includes(file))
    : loadingOwn.some(([, each]) => each.readsFolders)
  if (loadsOwn) {
    return { ...PLAIN, shippedBecause: LOADS_OWN, loadsByName }
  }
  if (found.length > 0) {
    return {
      ...PLAIN,
      located,
      files: [...found, ...needed],
      filesBecause: startsWorkers ? STARTS_WORKERS : 'reads files beside its modules',
      loadsByName,
    }
  }
  if (asking.length > 0 && (startsWorkers || (await hasDataFiles(folder)))) {
    return { ...PLAIN, located, files: 'all', filesBecause: 'may read files beside its modules', loadsByName }
  }
  return {
    ...PLAIN,
    located,
    files: [...imported, ...needed],
    filesBecause: imported.length > 0 ? LOADS_OWN : '',
    loadsByName,
  }
}

function resolveAll(specifiers: readonly string[], file: string): string[] {
  return specifiers.flatMap((specifier) => resolveFrom(specifier, file))
}

/**
 * What modules may read that are shipped as files, as those of a worker: where they ask for their own path, and it was not found
 * out what for, the package's data files. Emscripten's output finds its WebAssembly so.
 */
async function dataBeside(files: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const folder of packageFolders(files)) {
    const own = files.filter((file) => packageFolder(file) === folder)
    const texts = await Promise.all(own.filter(isModuleFile).map((file) => readText(file)))
    const asking = texts.filter((text) =>
      findModuleFacts(text, () => false)?.locations.some(({ isUsed }) => isUsed),
    )
    if (asking.length > 0 && !own.some(isDataFile)) {
      found.push(...(await findDataFiles(folder, asking)))
    }
  }
  return found
}

function isToBeLocated({ locations, absentNames = [], ...facts }: ModuleFacts): boolean {
  const { requires, madeRequires, importedTexts, factoryRequires } = facts
  const others = [requires, madeRequires, importedTexts, factoryRequires, absentNames]
  return locations.some(({ isUsed }) => isUsed) || others.some(({ length }) => length > 0)
}

/** What is to be located, and which files are needed why, of all packages; `verdicts` are by folder, and so is what is needed. */
export function gatherFiles(verdicts: ReadonlyMap<string, PackageVerdict>) {
  const located = new Map<string, ModuleFacts>()
  const files = new Map<string, Set<string> | 'all'>()
  const reasons = new Map<string, string>()
  for (const [folder, verdict] of verdicts) {
    for (const [file, facts] of verdict.located) {
      located.set(file, facts)
    }
    reasons.set(folder, verdict.filesBecause)
    if (verdict.files === 'all') {
      files.set(folder, 'all')
    } else {
      addFiles(files, verdict.files)
    }
  }
  return { located, files, reasons }
}
