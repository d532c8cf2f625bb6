/** What a build tells of its plan of packages besides what it ships. */
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Metafile } from 'esbuild'
import { withoutMark } from '../text/byte-order-mark.ts'
import type { AbsentImport } from './absent-imports.ts'
import { hasUnreadableArchives } from './named/plug-and-play.ts'
import { importedPackage, nameOfFolder } from './package-of-file.ts'
import type { PackagePlan } from './package-plan.ts'
import { type PackageVerdict, STARTS_WORKERS } from './package-survey.ts'

/** Sentences. By default, `imports` has all that is left out: what no module imports is nothing to tell of this function. */
export function describePlan(
  { absent, absentExternals, notes, packages }: PackagePlan,
  imports: ReadonlySet<string> = new Set(absentExternals),
): string[] {
  const externals = absentExternals
    .filter((name) => imports.has(name) || packages.some(({ folder }) => names(folder, name)))
    .map((name) => `${name} is not installed, so nothing of it is shipped, and a layer has to have it`)
  return [...describeAbsent(absent), ...externals, ...notes]
}

/** The packages that the modules of a bundle import and that are not in it. */
export function importedOutside({ inputs }: Metafile): Set<string> {
  const outside = Object.values(inputs).flatMap(({ imports }) => imports.filter(({ external }) => external))
  return new Set(outside.map(({ path }) => importedPackage(path) ?? path))
}

/** Whether the package in a folder, of which a bundle does not tell what it imports, says that it may need another. */
function names(folder: string, needed: string): boolean {
  try {
    const manifest = JSON.parse(withoutMark(readFileSync(join(folder, 'package.json'), 'utf8')))
    const kinds = ['dependencies', 'optionalDependencies', 'peerDependencies']
    return kinds.some((kind) => Object.hasOwn(manifest[kind] ?? {}, needed))
  } catch {
    return false // It says nothing.
  }
}

/**
 * What the author's modules and packages read and `--include` does not ship, a sentence each. `include` has paths relative to `root`, the
 * folder that the package's root stands for.
 */
export function describeMissingFiles(
  { reads, packageReads }: PackagePlan,
  { paths, root }: { readonly paths: readonly string[]; readonly root: string },
): string[] {
  const included = paths.map((path) => resolve(root, path))
  const isIn = (file: string, paths: readonly string[]) =>
    paths.some((path) => file === path || file.startsWith(path + sep))
  const sentence = (reader: string, file: string, where: string) => {
    const path = relative(root, file)
    return `${reader} reads ${path}${where}, which is not in the package; ship it with --include ${path}`
  }
  return [
    ...reads.filter((file) => !isIn(file, included)).map((file) => sentence('the function', file, '')),
    ...packageReads
      .filter(({ path }) => !isIn(path, [...included, ...reads]))
      .map(({ by, path }) => sentence(by, path, ' in the working folder')),
  ]
}

/** At most one of addons, and one of all else. */
function describeAbsent(all: readonly AbsentImport[]): string[] {
  const imports = all.filter(({ declarations }) => declarations === undefined)
  const addons = imports.filter(({ specifier }) => specifier.endsWith('.node'))
  const names = [...new Set(addons.map(({ importedBy }) => importedBy))].join(' ')
  const files = [...new Set(addons.map(({ specifier }) => specifier))].join(', ')
  const unbuilt =
    addons.length === 0
      ? []
      : [
          `${files} is not there, an addon that is built when its package is installed; if the function needs it, run npm rebuild ${names}`,
        ]
  const absent = imports.filter((each) => !addons.includes(each))
  if (absent.length === 0) {
    return unbuilt
  }
  const list = [...Map.groupBy(absent, ({ specifier }) => specifier)].map(([specifier, imports]) => {
    const importers = [...new Set(imports.flatMap(({ importedBy }) => importedBy ?? []))]
    return `${specifier} (for ${firstOf(importers)})`
  })
  return [
    ...unbuilt,
    `what is not installed fails when it is reached, as on Node.js: ${list.join(', ')}; install what the function needs of it`,
  ]
}

/** Names none but the first three. */
function firstOf(names: readonly string[]): string {
  return names.slice(0, 3).join(', ') + (names.length > 3 ? ' and others' : '')
}

/** None, or one. `modules` are the author's, by absolute path, with lines of theirs. */
export function describeLoads(
  modules: ReadonlyMap<string, { readonly loads: readonly number[] }>,
  project: string,
): string[] {
  const places = [...modules].flatMap(([file, { loads }]) =>
    loads.map((line) => `${relative(project, file)}:${line}`),
  )
  return places.length === 0
    ? []
    : [
        `${firstOf(places)}: a module that is loaded by a name that only shows when the function runs is found if it is Node.js's own or ` +
          'shipped; write the name out, so that it is bundled, or ship its package with --external PACKAGE',
      ]
}

/** None, or one: of a function that is initialised in the build, whose workers start from the same snapshot. */
export function describeWorkers({ workers, packages }: PackagePlan): string[] {
  const starting = packages.filter(({ reason }) => reason === STARTS_WORKERS).map(({ name }) => name)
  const names = [...workers.map(({ path }) => path), ...starting]
  return names.length === 0
    ? []
    : [
        `the function starts workers (${firstOf(names)}), and Node.js ends a process that was initialised in the build once a worker loads net, http, tls or child_process, or calls fetch; ` +
          'build it without --init build where one does',
      ]
}

/** None, or one: of packages that are to be shipped, by name, where others are in archives that cannot be read. `entry` is the function's. */
export function describePlugAndPlay(names: readonly string[], entry: string): string[] {
  return names.length === 0 || !hasUnreadableArchives(dirname(entry))
    ? []
    : [
        `${firstOf(names)} ${names.length === 1 ? 'is' : 'are'} to be shipped as files, and what they need may be in archives of Yarn’s Plug’n’Play, which this process cannot read; ` +
          'start it by Yarn in the project’s folder, as yarn lambdabin or yarn node, or put nodeLinker: node-modules into .yarnrc.yml and install again',
      ]
}

/** One for each package that is bundled, and loads modules of its own that are not. All by the packages' folders. */
export function describePatterns(
  verdicts: ReadonlyMap<string, Pick<PackageVerdict, 'ownPatterns'>>,
  external: { has(folder: string): boolean },
): string[] {
  return [...verdicts]
    .filter(([folder, { ownPatterns }]) => ownPatterns.length > 0 && !external.has(folder))
    .map(([folder, { ownPatterns }]) => {
      const name = nameOfFolder(folder)
      const patterns = ownPatterns.map((pattern) => `${pattern.slice(folder.length + 1)}*`).join(' and ')
      return (
        `${name} loads ${patterns} by names that only show when the function runs, and they are not in the package; ` +
        `if it needs them, ship ${name} with --external ${name}`
      )
    })
}
