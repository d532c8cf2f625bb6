/**
 * The licences of what a deployment package redistributes, as one text: of Node.js with all that it contains, of
 * lambdabin's runtime and undici in it, and of the packages in the function's bundle, with the legal comments of their code.
 *
 * Packages that are shipped beside the executable bring their licence files with them. What is the function's own is its
 * author's.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { cacheFolder, pinnedVersions } from '../../../bin/pinned-node.js'
import type { BaseNode } from '../base-node/base-node.ts'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import { OWN_FOLDER } from '../source-files.ts'
import { UNDICI_FOLDER } from '../third-party.ts'
import { bundledPackages, type LicensedPackage, nameOf, readLicensedPackage } from './bundled-packages.ts'

export interface NoticesSource {
  /** The function; undefined for the layer that functions share. */
  readonly bundle: FunctionBundle | undefined
  /** The executable's Node.js; undefined where that is in a layer, and so is the runtime. */
  readonly base: BaseNode | undefined
}

const RULE = '='.repeat(80)
const HEAD =
  'This package holds, among the function, the following. Each part is under its own licence, which is\nbelow the names of what it is for.'

export async function renderNotices({ bundle, base }: NoticesSource): Promise<string> {
  const packages = bundle === undefined ? [] : await bundledPackages(bundle.metafile, bundle.project)
  const parts = [
    ...(base === undefined ? [] : [section([`Node.js ${base.version}`], await nodeLicense(base))]),
    ...sections([...(base === undefined ? [] : await runtimePackages()), ...packages]),
    ...(bundle === undefined || bundle.legalComments === ''
      ? []
      : [section(['Legal comments in the code of packages'], bundle.legalComments)]),
  ]
  return `${[HEAD, ...parts].join('\n\n')}\n`
}

/**
 * Where the licence of a Node.js is looked for, as absolute paths. It is beside the binary in archives and in npm's packages; after
 * that come the places of the pinned version's.
 */
export function nodeLicensePlaces({ original, arch }: Pick<BaseNode, 'original' | 'arch'>): string[] {
  const cached = join(cacheFolder(), `node-${pinnedVersions.version}-${arch}`)
  const folders = [join(dirname(original), '..'), installedPackage(arch), cached]
  return folders.filter((folder) => folder !== undefined).map((folder) => join(folder, 'LICENSE'))
}

/** Another version's is said to be that. */
async function nodeLicense(base: BaseNode): Promise<string> {
  const { version } = base
  const [ownPlace = '', ...otherPlaces] = nodeLicensePlaces(base)
  const own = await readLicense(ownPlace)
  if (own !== undefined) {
    return own
  }
  const pinned = pinnedVersions.version
  for (const place of otherPlaces) {
    const text = await readLicense(place)
    if (text !== undefined) {
      return `(The licence of Node.js ${pinned}: that of ${version} was not beside its binary.)\n\n${text}`
    }
  }
  return `Its licence was not beside its binary; it is in https://nodejs.org/dist/v${version}/`
}

/** The folder of the pinned Node.js's package; undefined where it is not installed. */
function installedPackage(arch: BaseNode['arch']): string | undefined {
  try {
    const { name } = pinnedVersions.packages[arch]
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  } catch {
    return undefined
  }
}

function readLicense(place: string): Promise<string | undefined> {
  return readFile(place, 'utf8').catch(() => undefined)
}

async function runtimePackages(): Promise<LicensedPackage[]> {
  const packages = await Promise.all([OWN_FOLDER, UNDICI_FOLDER].map(readLicensedPackage))
  return packages.filter((found) => found !== undefined)
}

/** One for each text: many packages have the same. */
function sections(packages: readonly LicensedPackage[]): string[] {
  const byText = Map.groupBy(packages, ({ text }) => text)
  return [...byText].map(([text, those]) =>
    section(
      those.map((each) => `${nameOf(each)}${each.license === undefined ? '' : ` (${each.license})`}`),
      text === '' ? 'No licence text comes with it.' : text,
    ),
  )
}

function section(names: readonly string[], text: string): string {
  return `${RULE}\n${names.join('\n')}\n${RULE}\n\n${text.trim()}`
}
