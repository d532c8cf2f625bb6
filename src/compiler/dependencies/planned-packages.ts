/** Has esbuild follow a plan of packages: leaves those out that are shipped, and tells modules their place. */
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, relative, sep } from 'node:path'
import type { OnResolveArgs, OnResolveResult, Plugin } from 'esbuild'
import { tellSourcePlaces } from '../bundle/decorators/source-places.ts'
import { escaped } from '../escaped-pattern.ts'
import { leaveAbsent } from './absent-imports.ts'
import { locateModule } from './located-module.ts'
import { keepEffects } from './namespaces/kept-effects.ts'
import { bundleReimported } from './namespaces/reimported-modules.ts'
import { isRequiredAsNamespace, NodeResolver } from './node-resolution.ts'
import { keepBareImports } from './own/bare-imports.ts'
import { findPackage } from './package-layout.ts'
import { importedPackage, packageFolder } from './package-of-file.ts'
import type { PackagePlan, PlannedPackage } from './package-plan.ts'

/** What a bundle that follows a plan is made with. To be closed. */
export class PlannedPackages {
  readonly plan: PackagePlan
  readonly plugins: readonly Plugin[]
  /** Asked last of them. */
  readonly reimports: readonly Plugin[]
  /** The imports that lead to ES modules outside of the bundle, as they are written in it. */
  readonly esModules = new Set<string>()
  /** By folder. */
  readonly #packages: ReadonlyMap<string, PlannedPackage>
  readonly #resolver: NodeResolver | undefined

  constructor(plan: PackagePlan, project: string) {
    this.plan = plan
    const first = plan.packages.toReversed().map((each) => [each.folder, each] as const)
    this.#packages = new Map(first)
    const external = plan.packages.filter(({ isExternal }) => isExternal)
    this.#resolver = external.length === 0 ? undefined : new NodeResolver(project)
    this.plugins = [
      leaveAbsent(plan.absent),
      ...(plan.bare.length > 0 ? [keepBareImports(plan.bare)] : []),
      ...(plan.effects.files.size > 0 ? [keepEffects(plan.effects)] : []),
      ...(this.#resolver ? [this.#leaveShipped(external, this.#resolver)] : []),
      ...(plan.located.size > 0 ? [this.#locateModules()] : []),
      ...(plan.rewritten.size > 0 ? [rewriteModules(plan.rewritten)] : []),
    ]
    this.reimports = bundleReimported(project, () => plan.reimported)
  }

  close(): void {
    this.#resolver?.close()
  }

  /** An import of a shipped package names the file that it leads to: it need not be found, and may be of any version. */
  #leaveShipped(external: readonly PlannedPackage[], resolver: NodeResolver): Plugin {
    const names = [...new Set(external.map(({ name }) => name))]
    const filter = new RegExp(`^(?:${names.map(escaped).join('|')})(?:/|$)`)
    const leave = async ({
      path,
      importer,
      resolveDir,
      kind,
    }: OnResolveArgs): Promise<OnResolveResult | undefined> => {
      const from = importer || join(resolveDir, 'entry.js')
      const installed = await findPackage(importedPackage(path) ?? path, from)
      const planned = installed && this.#packages.get(installed.folder)
      if (planned === undefined || !planned.isExternal) {
        return undefined
      }
      const file = await resolver.resolve(path, from, kind)
      if (file === undefined || !file.startsWith(planned.folder + sep)) {
        return { path, external: true }
      }
      const specifier = `./${placeOf(file, planned)}`
      if (await isRequiredAsNamespace(file)) {
        this.esModules.add(specifier)
      }
      return { path: specifier, external: true }
    }
    return { name: 'shipped-packages', setup: (build) => build.onResolve({ filter }, leave) }
  }

  #locateModules(): Plugin {
    const files = [...this.plan.located.keys()]
    const filter = new RegExp(`^(?:${files.map(escaped).join('|')})$`)
    return {
      name: 'located-modules',
      setup: (build) => {
        build.onLoad({ filter, namespace: 'file' }, async ({ path }) => {
          const facts = this.plan.located.get(path)
          const planned = this.#packages.get(packageFolder(path) ?? '')
          if (facts === undefined || planned === undefined) {
            return undefined
          }
          const contents = locateModule(await readFile(path, 'utf8'), facts, placeOf(path, planned))
          return { contents, loader: extname(path) === '.jsx' ? 'jsx' : 'js', resolveDir: dirname(path) }
        })
      },
    }
  }
}

function rewriteModules(rewritten: ReadonlyMap<string, string>): Plugin {
  const filter = new RegExp(`^(?:${[...rewritten.keys()].map(escaped).join('|')})$`)
  return {
    name: 'own-modules',
    setup: (build) => {
      build.onLoad({ filter, namespace: 'file' }, ({ path }) => {
        const contents = rewritten.get(path)
        return contents === undefined ? undefined : { contents, loader: 'js', resolveDir: dirname(path) }
      })
      tellSourcePlaces(build, (file) => rewritten.get(file))
    },
  }
}

function placeOf(file: string, { place, folder }: PlannedPackage): string {
  return `${place}/${relative(folder, file).split(sep).join('/')}`
}
