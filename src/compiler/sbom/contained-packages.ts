/** The packages that something of is in a deployment package: in the function's text, or beside the executable. */
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import { liveModules } from '../dependencies/live-modules.ts'
import { packageFolder, packageFolders } from '../dependencies/package-of-file.ts'
import type { ShippedPackage } from '../package/shipped-packages.ts'
import type { PackageFile } from '../package/write-zip.ts'
import { readJson } from '../text/byte-order-mark.ts'

export interface ContainedPackage {
  /** Its package.json, as it is. */
  readonly manifest: Readonly<Record<string, unknown>> & { readonly name: string; readonly version?: string }
  readonly isBundled: boolean
  /** Where it is beside the executable; none where it is only in the text. */
  readonly places: readonly string[]
  /** Of the packages that it imports or depends on, those that are contained: `zod@4.6.7`. */
  readonly dependsOn: readonly string[]
}

export interface ContainedPackages {
  /** By name and version, in their order. */
  readonly packages: ReadonlyMap<string, ContainedPackage>
  /** What the function's own modules import: `zod@4.6.7`. */
  readonly direct: readonly string[]
}

export interface PackageContents {
  readonly bundle: Pick<FunctionBundle, 'metafile' | 'project' | 'packages'>
  readonly shipped: readonly ShippedPackage[]
  /** The files that are beside the executable. */
  readonly files: readonly PackageFile[]
}

type Manifest = ContainedPackage['manifest']

interface Found {
  readonly manifest: Manifest
  isBundled: boolean
  readonly places: Set<string>
  readonly dependsOn: Set<string>
}

const OWN = ''

export async function findContainedPackages(contents: PackageContents): Promise<ContainedPackages> {
  const found = new Map<string, Found>()
  const direct = new Set<string>()
  const bundled = await addBundled(contents.bundle, found)
  addImports(contents.bundle.metafile, bundled, found, direct)
  await addShipped(contents, found, direct)
  const sorted = [...found].sort(([left], [right]) => (left < right ? -1 : 1))
  return {
    packages: new Map(
      sorted.map(([id, { manifest, isBundled, places, dependsOn }]) => [
        id,
        { manifest, isBundled, places: [...places].sort(), dependsOn: [...dependsOn].sort() },
      ]),
    ),
    direct: [...direct].sort(),
  }
}

/** Ids by folder, as modules' paths begin. */
async function addBundled(
  { metafile, project }: PackageContents['bundle'],
  found: Map<string, Found>,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (const folder of packageFolders([...liveModules(metafile)])) {
    const manifest = await readManifest(join(project, folder))
    if (manifest !== undefined) {
      const id = add(found, manifest)
      ids.set(folder, id)
      ;(found.get(id) as Found).isBundled = true
    }
  }
  return ids
}

function addImports(
  { inputs }: Metafile,
  bundled: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, Found>,
  direct: Set<string>,
): void {
  const idOf = (path: string) => {
    const folder = packageFolder(path)
    return folder === undefined ? OWN : bundled.get(folder)
  }
  for (const [path, { imports }] of Object.entries(inputs)) {
    const from = idOf(path)
    for (const { path: to, external } of imports) {
      const target = external ? undefined : idOf(to)
      if (target === undefined || target === OWN || target === from) {
        continue
      }
      if (from === OWN) {
        direct.add(target)
      } else if (from !== undefined) {
        found.get(from)?.dependsOn.add(target)
      }
    }
  }
}

/** Whatever brought them there: the build's choice, `--external`, or an `--include` of `node_modules`. */
async function addShipped(
  { bundle, shipped, files }: PackageContents,
  found: Map<string, Found>,
  direct: Set<string>,
): Promise<void> {
  const places = packageFolders(files.map(({ path }) => path))
  const sources = new Map(files.map(({ path, source }) => [path, source]))
  const planned = new Map(bundle.packages.packages.map(({ place, folder }) => [place, folder]))
  const ids = new Map<string, string>()
  for (const place of places) {
    const file = sources.get(`${place}/package.json`)
    const folder = planned.get(place)
    const own = file === undefined ? undefined : await parseManifest(file)
    const manifest = own ?? (folder === undefined ? undefined : await readManifest(folder))
    if (manifest !== undefined) {
      const id = add(found, manifest)
      ids.set(place, id)
      found.get(id)?.places.add(place)
    }
  }
  addDependencies(ids, found)
  for (const { place, reason } of shipped) {
    const id = ids.get(place)
    if (id !== undefined && reason !== undefined) {
      direct.add(id)
    }
  }
}

/** As Node.js finds them: from each folder upwards. */
function addDependencies(ids: ReadonlyMap<string, string>, found: ReadonlyMap<string, Found>): void {
  for (const [place, id] of ids) {
    const { manifest, dependsOn } = found.get(id) as Found
    const names = [manifest.dependencies, manifest.optionalDependencies, manifest.peerDependencies].flatMap(
      (those) => (typeof those === 'object' && those !== null ? Object.keys(those) : []),
    )
    for (const name of names) {
      const target = ids.get(nearest(place, name, ids) ?? '')
      if (target !== undefined && target !== id) {
        dependsOn.add(target)
      }
    }
  }
}

function nearest(place: string, name: string, ids: ReadonlyMap<string, string>): string | undefined {
  for (let folder = place; ; folder = folder.slice(0, folder.lastIndexOf('/node_modules/'))) {
    const inside = `${folder}/node_modules/${name}`
    if (ids.has(inside)) {
      return inside
    }
    if (!folder.includes('/node_modules/')) {
      const top = `${folder.startsWith('node_modules/') ? '' : folder.slice(0, folder.indexOf('node_modules/'))}node_modules/${name}`
      return ids.has(top) ? top : undefined
    }
  }
}

function add(found: Map<string, Found>, manifest: Manifest): string {
  const id = `${manifest.name}@${manifest.version ?? ''}`
  if (!found.has(id)) {
    found.set(id, { manifest, isBundled: false, places: new Set(), dependsOn: new Set() })
  }
  return id
}

function readManifest(folder: string): Promise<Manifest | undefined> {
  return parseManifest(join(folder, 'package.json'))
}

async function parseManifest(file: string): Promise<Manifest | undefined> {
  try {
    const manifest = await readJson(file)
    return typeof manifest?.name === 'string' && manifest.name !== '' ? manifest : undefined
  } catch {
    return undefined
  }
}
