/**
 * Plans which packages a function's bundle holds, which are shipped beside it, and where.
 *
 * The plan is made round by round, as each bundle shows what it would hold: {@link PackagePlanner.learn} tells whether it
 * has to be bundled again.
 *
 * A package has one instance. So what a shipped package needs is shipped with it, and left out of the bundle as well.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BuildFailure, Message, Metafile } from 'esbuild'
import { type AbsentImport, absentImport } from './absent-imports.ts'
import { type BundledModules, findBundledModules } from './bundled-packages.ts'
import { presentReads, readsInRoot } from './installed/package-reads.ts'
import { findDirectDependencies, findLookedFor, isNamedIn } from './named/chosen-packages.ts'
import { findInstrumented } from './named/instrumented-packages.ts'
import { checkName } from './named/named-packages.ts'
import { StringTexts } from './named/string-texts.ts'
import { KeptEffects } from './namespaces/kept-effects.ts'
import { ReimportedModules } from './namespaces/reimported-modules.ts'
import { type BareImport, findIgnoredImports } from './own/bare-imports.ts'
import { type OwnModule, planOwnModules, surveyOwnModule } from './own-modules.ts'
import { PackageDependencies } from './package-dependencies.ts'
import { checkArchive, findPackage, type InstalledPackage, layOut } from './package-layout.ts'
import { addFiles, packageAt, packageFolder, packageFolders, packageName } from './package-of-file.ts'
import { EMPTY_PLAN, type PackageChoice, type PackagePlan } from './package-plan.ts'
import { gatherFiles, type PackageVerdict, surveyPackage } from './package-survey.ts'
import { describeLoads, describePatterns, describePlugAndPlay } from './plan-notes.ts'

const LOADED_BY_NAME = 'is loaded by its name'
const LOOKED_FOR = 'is looked for by its path'

/** Characters of what esbuild says. */
const LONGEST_REASON = 90

export class PackagePlanner {
  readonly #entry: string
  readonly #project: string
  readonly #choice: PackageChoice
  /** By folder, why each is shipped. */
  readonly #shipped = new Map<string, InstalledPackage & { reason: string }>()
  /** By folder, what was found out. */
  readonly #verdicts = new Map<string, PackageVerdict>()
  /** By folder, the modules that this is about. */
  readonly #surveyed = new Map<string, readonly string[]>()
  readonly #dependencies: PackageDependencies
  /** By absolute path, the author's modules. */
  readonly #own = new Map<string, OwnModule>()
  /** By the name of a package that instruments others, their names. */
  readonly #instrumented = new Map<string, ReadonlySet<string>>()
  readonly #reimported: ReimportedModules
  readonly #effects: KeptEffects
  readonly #absent: AbsentImport[] = []
  readonly #bare: BareImport[] = []
  /** Absolute paths of data files of packages. */
  readonly #lookedFor = new Set<string>()
  readonly #absentExternals: string[] = []
  #plan = EMPTY_PLAN
  #direct: Promise<ReadonlyMap<string, InstalledPackage>> | undefined

  private constructor(entry: string, project: string, choice: PackageChoice) {
    this.#entry = entry
    this.#project = project
    this.#choice = choice
    this.#reimported = new ReimportedModules(project, choice.sources)
    this.#effects = new KeptEffects(project)
    this.#dependencies = new PackageDependencies(entry)
  }

  /** Rejects with a {@link PackageLayoutError} for a choice that names no package. */
  static async begin(entry: string, project: string, choice: PackageChoice): Promise<PackagePlanner> {
    const planner = new PackagePlanner(entry, project, choice)
    for (const name of new Set(choice.externals)) {
      checkName(name, '--external')
      const found = await findPackage(name, entry)
      if (found === undefined) {
        checkArchive(name, entry)
        planner.#absentExternals.push(name)
      } else {
        planner.#shipped.set(found.folder, { ...found, reason: 'was left out with --external' })
      }
    }
    for (const name of choice.bundled) {
      checkName(name, '--bundle')
    }
    await planner.#update()
    return planner
  }

  get plan(): PackagePlan {
    return this.#plan
  }

  /** Returns whether a failed bundle may succeed with what the plan is now. */
  async learnFromFailure({ errors }: BuildFailure): Promise<boolean> {
    let isNew = false
    for (const error of errors) {
      const absent = absentImport(error, this.#project)
      const file = error.location === null ? '' : join(this.#project, error.location.file)
      const [name, folder] = [packageName(file), packageFolder(file)]
      if (absent !== undefined) {
        isNew ||= !this.#absent.some(
          (each) => each.specifier === absent.specifier && each.importer === absent.importer,
        )
        this.#absent.push(absent)
      } else if (this.#reimported.found.delete(file)) {
        // `z.object = …` is an error of esbuild's where `z` is all of a module.
        isNew = true
      } else if (name !== undefined && folder !== undefined && !this.#isForced(name)) {
        isNew ||= !this.#shipped.has(folder)
        const reason = `cannot be bundled (${error.text.slice(0, LONGEST_REASON)})`
        this.#shipped.set(folder, { name, folder, reason })
      } else {
        return false
      }
    }
    await this.#update()
    return isNew
  }

  /** Learns from bundles that follow the plan. Returns whether the plan is another now. */
  async learn(metafiles: readonly Metafile[], warnings: readonly Message[]): Promise<boolean> {
    const modules = findBundledModules(metafiles, this.#project)
    const texts = new StringTexts(modules.own)
    const before = this.#signature()
    await this.#effects.learn(metafiles)
    const inputs = Object.assign({}, ...metafiles.map((each) => each.inputs))
    this.#bare.push(...findIgnoredImports(warnings, this.#project))
    for (const file of modules.own.filter((each) => !this.#own.has(each))) {
      const root = this.#choice.root ?? this.#project
      this.#own.set(file, await surveyOwnModule(file, root, this.#choice.sources))
      // What an author's plugin makes of a module nobody knows.
      await (this.#choice.keepsImports ? undefined : this.#reimported.learn(file, inputs))
    }
    for (const [folder, bundled] of modules.packages) {
      if (!existsSync(folder)) {
        checkArchive(bundled.name, this.#entry)
      }
      this.#dependencies.learn(bundled, modules)
      const known = this.#surveyed.get(folder) ?? []
      const found = bundled.modules.filter((file) => !known.includes(file))
      if ((found.length > 0 || !this.#verdicts.has(folder)) && !this.#isForced(bundled.name)) {
        // What the bundle before has left out, a `require` that is made, may lead to more of a package's modules.
        const surveyed = { ...bundled, modules: [...known, ...found] }
        this.#surveyed.set(folder, surveyed.modules)
        const verdict = await surveyPackage(surveyed, (text) => texts.has(text), this.#choice.isStrict)
        this.#verdicts.set(folder, verdict)
        const instrumented = this.#choice.bundlesInstrumented ? undefined : await findInstrumented(bundled)
        if (instrumented !== undefined) {
          this.#instrumented.set(bundled.name, instrumented)
        }
        if (verdict.shippedBecause !== undefined) {
          this.#shipped.set(folder, { name: bundled.name, folder, reason: verdict.shippedBecause })
        }
      }
    }
    await this.#shipWhatIsLookedFor()
    await this.#shipWhatIsNamed(modules, texts)
    this.#shipWhatIsInstrumented(modules)
    await this.#update()
    return before !== this.#signature()
  }

  /** What a bundle depends on. */
  #signature(): string {
    const { located, rewritten, reimported, effects } = this.#plan
    const maps = [this.#shipped, located, rewritten, reimported, effects.files, effects.specifiers]
    const known = maps.map((map) => [...map.keys()])
    return JSON.stringify([known, this.#bare, [...this.#lookedFor]])
  }

  #isForced(name: string): boolean {
    return this.#choice.bundled.includes(name)
  }

  /** Packages of whose files the author's code asks Node.js for the paths. */
  async #shipWhatIsLookedFor(): Promise<void> {
    for (const { file, ...found } of await findLookedFor(this.#own)) {
      if (file !== undefined) {
        this.#lookedFor.add(file)
      } else if (!this.#shipped.has(found.folder)) {
        this.#shipped.set(found.folder, { ...found, reason: LOOKED_FOR })
      }
    }
  }

  /**
   * Packages that are loaded by a name that only shows when the function runs, by the author's code or a package, among those of
   * the project's own choosing: what the author's code has the name of, what it computes a path of, although the rest is bundled,
   * and what a package that loads so gives to a function of its own for loading. So it goes for what such a package needs itself.
   */
  async #shipWhatIsNamed({ packages }: BundledModules, texts: StringTexts): Promise<void> {
    const loaders = [...packages.values()].filter(({ folder }) => this.#verdicts.get(folder)?.loadsByName)
    if (loaders.length === 0 && !this.#hasOwnLoads()) {
      return
    }
    this.#direct ??= findDirectDependencies(this.#entry)
    const loaderTexts = await Promise.all(
      loaders.map(async (loader) => ({ loader, texts: new StringTexts(loader.modules) })),
    )
    for (const { name, folder } of (await this.#direct).values()) {
      if (this.#shipped.has(folder) || this.#isForced(name)) {
        continue
      }
      const by = loaderTexts.find(
        (each) =>
          each.loader.folder !== folder &&
          !this.#dependencies.areImported(each.loader.folder, folder) &&
          (each.texts.isLoaded(name) || each.texts.beginsComputedName(name)),
      )
      const isNamedByAuthor = packages.has(folder)
        ? this.#hasOwnLoads() && texts.beginsComputedPath(name)
        : await isNamedIn(texts, { name, folder })
      if (by !== undefined || isNamedByAuthor) {
        this.#shipped.set(folder, { name, folder, reason: LOADED_BY_NAME })
      }
    }
    for (const by of loaderTexts) {
      for (const named of await this.#dependencies.namedBy(by.loader.folder, by.texts)) {
        if (![packages, this.#shipped].some((map) => map.has(named.folder)) && !this.#isForced(named.name)) {
          this.#shipped.set(named.folder, { ...named, reason: LOADED_BY_NAME })
        }
      }
    }
  }

  #shipWhatIsInstrumented({ packages }: BundledModules): void {
    for (const { name, folder } of packages.values()) {
      const by = [...this.#instrumented].find(([, names]) => names.has(name))?.[0]
      if (by !== undefined && !this.#shipped.has(folder) && !this.#isForced(name)) {
        this.#shipped.set(folder, { name, folder, reason: `is instrumented by ${by}` })
      }
    }
  }

  async #update(): Promise<void> {
    const { located, files, reasons } = gatherFiles(this.#verdicts)
    for (const file of this.#lookedFor) {
      addFiles(files, [file])
      reasons.set(packageFolder(file) ?? '', LOOKED_FOR)
    }
    const external = await this.#findExternals()
    const folders = [...files.keys(), ...packageFolders([...located.keys()])]
    const roots = [...this.#shipped.values(), ...folders.map(packageAt)]
    const layout = await layOut(roots, async ({ folder }) => {
      const together: { has(folder: string): boolean } = external.has(folder) ? external : files
      return (await this.#dependencies.of(folder)).filter((each) => together.has(each.folder))
    })
    const own = planOwnModules(this.#own)
    const packageReads = readsInRoot(this.#verdicts, this.#choice.root ?? this.#project)
    this.#plan = {
      packages: layout.map((placed) => ({
        ...placed,
        isExternal: external.has(placed.folder),
        reason: this.#shipped.get(placed.folder)?.reason ?? (reasons.get(placed.folder) || undefined),
        files: external.has(placed.folder) ? 'all' : (files.get(placed.folder) ?? new Set()),
      })),
      located: new Map([...located].filter(([file]) => !external.has(packageFolder(file) ?? ''))),
      ...own,
      lookedFor: [...own.lookedFor, ...packageReads.map(({ path }) => path)],
      packageReads: presentReads(packageReads, this.#entry),
      reimported: this.#reimported.found,
      effects: this.#effects.found,
      absent: this.#absent,
      bare: this.#bare,
      absentExternals: this.#absentExternals,
      notes: [
        ...this.#describeOwnLoads(),
        ...describePatterns(this.#verdicts, external),
        ...describePlugAndPlay([...new Set(roots.map(({ name }) => name))], this.#entry),
      ],
    }
  }

  #hasOwnLoads(): boolean {
    return [...this.#own.values()].some(({ loads }) => loads.length > 0)
  }

  /** Who has shipped what is loaded so need not be told. */
  #describeOwnLoads(): string[] {
    const isShipped = [...this.#shipped.values()].some(({ reason }) => reason === LOADED_BY_NAME)
    return isShipped || this.#choice.externals.length > 0 ? [] : describeLoads(this.#own, this.#project)
  }

  /** What is shipped, and what that needs, by folder. */
  #findExternals(): Promise<Map<string, InstalledPackage>> {
    const stays = ({ name, folder }: InstalledPackage) => this.#isForced(name) && !this.#shipped.has(folder)
    return this.#dependencies.withNeeded([...this.#shipped.values()], stays)
  }
}
