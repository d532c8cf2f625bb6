/**
 * The integrity of packages by the lock file of the project that they are installed in: npm's, pnpm's, Yarn's first version or Bun's.
 *
 * Other packages managers, and Yarn since its second version, write checksums of archives of their own making, which say nothing
 * of what the registry has.
 */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withoutMark } from '../text/byte-order-mark.ts'

export interface LockedPackage {
  /** As npm writes it: `sha512-` and base64. */
  readonly integrity: string
}

/** By name and version: `zod@4.6.7`. */
export type LockedPackages = ReadonlyMap<string, LockedPackage>

type Reader = (text: string) => LockedPackages | Promise<LockedPackages>

/** The first that is there counts, in each folder. */
const LOCK_FILES: readonly (readonly [name: string, read: Reader])[] = [
  ['package-lock.json', readNpmLock],
  ['npm-shrinkwrap.json', readNpmLock],
  ['pnpm-lock.yaml', readPnpmLock],
  ['yarn.lock', readYarnLock],
  ['bun.lock', readBunLock],
  // What npm has installed, for projects that keep no lock file.
  [join('node_modules', '.package-lock.json'), readNpmLock],
]

/** Of the lock file in `folder` or the nearest above it; empty where there is none, or none that can be read. */
export async function readLockedPackages(folder: string): Promise<LockedPackages> {
  for (const [name, read] of LOCK_FILES) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined)
    if (text !== undefined) {
      return await Promise.resolve(text)
        .then((given) => read(withoutMark(given)))
        .catch(() => new Map())
    }
  }
  const parent = dirname(folder)
  return parent === folder ? new Map() : readLockedPackages(parent)
}

/** Of the formats 2 and 3; the first has no `packages`. */
function readNpmLock(text: string): LockedPackages {
  const { packages = {} } = JSON.parse(text) as {
    packages?: Record<string, { name?: string; version?: string; integrity?: string }>
  }
  return new Map(
    Object.entries(packages).flatMap(([place, { name, version, integrity }]) => {
      const own = name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length)
      return locked(own, version, integrity)
    }),
  )
}

/** Keys are `/zod@4.6.7` or `zod@4.6.7`, with what its peers are in brackets behind it. */
async function readPnpmLock(text: string): Promise<LockedPackages> {
  const { parse } = await import('yaml')
  const { packages = {} } = parse(text) as { packages?: Record<string, { resolution?: LockedPackage }> }
  return new Map(
    Object.entries(packages).flatMap(([key, { resolution }]) => {
      const [, name = '', version] = /^\/?((?:@[^/]+\/)?[^@/(]+)@([^(]+)/.exec(key) ?? []
      return locked(name, version, resolution?.integrity)
    }),
  )
}

/** A block begins with what was asked for, `zod@^4.0.0, zod@^4.1.0:`, and has its lines indented. */
function readYarnLock(text: string): LockedPackages {
  const blocks = text.split(/\n(?=\S)/)
  return new Map(
    blocks.flatMap((block) => {
      const [, name = ''] = /^"?((?:@[^/]+\/)?[^@"]+)@/.exec(block) ?? []
      const [, version] = /^ {2}version "([^"]+)"$/m.exec(block) ?? []
      const [, integrity] = /^ {2}integrity (\S+)$/m.exec(block) ?? []
      return locked(name, version, integrity)
    }),
  )
}

/** A package is a line: `"zod": ["zod@4.6.7", "", {}, "sha512-…"],`. The file is JSON with commas behind the last. */
function readBunLock(text: string): LockedPackages {
  const lines = text.matchAll(/^\s+"[^"]+": \["((?:@[^/"]+\/)?[^@"]+)@([^"]+)",.*"(sha\d+-[^"]+)"\],?$/gm)
  return new Map([...lines].flatMap(([, name = '', version, integrity]) => locked(name, version, integrity)))
}

function locked(
  name: string,
  version: string | undefined,
  integrity: string | undefined,
): [string, LockedPackage][] {
  return version === undefined || integrity === undefined || name === ''
    ? []
    : [[`${name}@${version}`, { integrity }]]
}
