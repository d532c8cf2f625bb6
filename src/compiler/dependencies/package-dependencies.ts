/** Which packages others need when they run: by their manifests, and by what their modules were seen to import. */
import { join } from 'node:path'
import type { BundledModules, BundledPackage } from './bundled-packages.ts'
import { chosenPeers } from './named/chosen-packages.ts'
import { runtimeDependencies } from './named/named-packages.ts'
import type { StringTexts } from './named/string-texts.ts'
import { resolveFrom } from './node-resolution.ts'
import { findPackage, type InstalledPackage, readManifest } from './package-layout.ts'
import { importedPackage } from './package-of-file.ts'

export class PackageDependencies {
  readonly #entry: string
  /** By folder, the folders of what its modules import. */
  readonly #imports = new Map<string, Map<string, InstalledPackage>>()

  /** `entry` is a module of the project whose packages they are. */
  constructor(entry: string) {
    this.#entry = entry
  }

  learn({ folder, imports }: BundledPackage, { packages }: BundledModules): void {
    const known = this.#imports.get(folder) ?? new Map<string, InstalledPackage>()
    this.#imports.set(folder, known)
    for (const { specifier, folder: to } of imports) {
      const target = to === undefined ? undefined : packages.get(to)
      const name = importedPackage(specifier)
      if (target !== undefined && name !== undefined) {
        known.set(target.folder, { name, folder: target.folder })
      }
    }
  }

  /** Whether modules of the one package were seen to import the other; both by folder. */
  areImported(importer: string, imported: string): boolean {
    return this.#imports.get(importer)?.has(imported) === true
  }

  /** Those that the manifest in `folder` says it needs, and its modules load by their names, or name a file of: `texts` are theirs. */
  async namedBy(folder: string, texts: StringTexts): Promise<InstalledPackage[]> {
    const { dependencies = {} } = await readManifest(folder)
    const manifest = join(folder, 'package.json')
    const names = Object.keys(dependencies).filter(
      (name) =>
        texts.isLoaded(name) || texts.pathsIn(name).some((path) => resolveFrom(path, manifest).length > 0),
    )
    const found = await Promise.all(names.map((name) => findPackage(name, manifest)))
    return found.filter((each) => each !== undefined)
  }

  /**
   * The packages that the one in `folder` needs when it runs, as far as they are installed: of its optional peers those
   * that its code was seen to import, and where that was never read, those of the project's choice.
   */
  async of(folder: string): Promise<InstalledPackage[]> {
    const manifest = await readManifest(folder)
    const imports = this.#imports.get(folder)
    const peers = imports === undefined ? await chosenPeers(manifest, this.#entry) : []
    const found = new Map(imports)
    for (const name of [...runtimeDependencies(manifest), ...peers]) {
      const dependency = await findPackage(name, join(folder, 'package.json'))
      if (dependency !== undefined) {
        found.set(dependency.folder, dependency)
      }
    }
    return [...found.values()]
  }

  /** These packages, and all that they need when they run, by folder; but for those that stay where they are, with what only these need. */
  async withNeeded(
    packages: readonly InstalledPackage[],
    stays: (found: InstalledPackage) => boolean,
  ): Promise<Map<string, InstalledPackage>> {
    const found = new Map<string, InstalledPackage>()
    const pending = [...packages]
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (!found.has(next.folder) && !stays(next)) {
        found.set(next.folder, { name: next.name, folder: next.folder })
        pending.push(...(await this.of(next.folder)))
      }
    }
    return found
  }
}
