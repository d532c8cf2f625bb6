/** The packages that something of is in a bundle, with their licences. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'
import { liveModules } from '../dependencies/live-modules.ts'
import { packageFolders } from '../dependencies/package-of-file.ts'
import { withoutMark } from '../text/byte-order-mark.ts'
import { readText } from '../text/read-in-turn.ts'

export interface LicensedPackage {
  readonly name: string
  readonly version: string
  /** As its package.json says: `MIT`, `Apache-2.0`; undefined when it says nothing. */
  readonly license: string | undefined
  /** The text of its licence files, and of its NOTICE; empty when it has none. */
  readonly text: string
}

const LICENSE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i

/** Those in a bundle, by name; `project` is the folder that paths in `metafile` are relative to. */
export async function bundledPackages(metafile: Metafile, project: string): Promise<LicensedPackage[]> {
  const folders = packageFolders([...liveModules(metafile)])
  const packages = await Promise.all(folders.map((folder) => readLicensedPackage(join(project, folder))))
  const unique = new Map(
    packages
      .filter((found) => found !== undefined)
      .map((found) => [`${found.name}@${found.version}`, found] as const),
  )
  return [...unique.values()].sort((left, right) => (nameOf(left) < nameOf(right) ? -1 : 1))
}

/** Undefined where `folder` holds no package. */
export async function readLicensedPackage(folder: string): Promise<LicensedPackage | undefined> {
  const manifest = await readText(join(folder, 'package.json')).catch(() => undefined)
  if (manifest === undefined) {
    return undefined
  }
  const { name = '', version = '', license } = JSON.parse(withoutMark(manifest))
  const files = await licenseFiles(folder)
  const texts = await Promise.all(files.map((file) => readText(join(folder, file)).catch(() => '')))
  return {
    name,
    version,
    license: typeof license === 'string' ? license : undefined,
    text: texts
      .map((text) => text.replaceAll('\r\n', '\n').trim())
      .filter((text) => text !== '')
      .join('\n\n'),
  }
}

/** Names of the files in the folder of a package that have its licence. */
export async function licenseFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => LICENSE_FILE.test(file)).sort()
}

export function nameOf({ name, version }: LicensedPackage): string {
  return `${name} ${version}`
}
