/** Which lambdabin this is, as far as packages depend on it: its files, what it is made with, and the Node.js that runs it. */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { findPackage, readManifest } from '../dependencies/package-layout.ts'
import { BOOTSTRAP_FILE, OWN_FOLDER } from '../source-files.ts'
import { readBytes } from '../text/read-in-turn.ts'
import { PKG_MANIFEST, UNDICI_FOLDER } from '../third-party.ts'
import { digestOf } from './build-cache.ts'

/** `src` in a checkout, `lib` in an installed package. */
const CODE_FOLDER = fileURLToPath(new URL('../../', import.meta.url))
const OTHER_FILES = [
  BOOTSTRAP_FILE,
  PKG_MANIFEST,
  join(UNDICI_FOLDER, 'package.json'),
  ...['package.json', 'base-node/versions.json', 'base-node/hot-pages.json', 'bin/pinned-node.js'].map(
    (file) => join(OWN_FOLDER, file),
  ),
]

let known: Promise<string> | undefined

/** A digest, the same all the time that this process runs. In a checkout, it is another one after each change. */
export function ownVersion(): Promise<string> {
  known ??= findOwnVersion()
  return known
}

async function findOwnVersion(): Promise<string> {
  const files = [...(await codeFiles(CODE_FOLDER)), ...OTHER_FILES]
  const contents = await Promise.all(files.map((file) => readBytes(file)))
  const names = files.map((file) => file.slice(OWN_FOLDER.length))
  return digestOf([
    `${process.version} ${process.platform} ${process.arch}`,
    JSON.stringify(await dependencyVersions()),
    ...contents.flatMap((content, index) => [names[index] as string, content]),
  ])
}

async function codeFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** As they are installed, which may be others than those that are pinned. */
async function dependencyVersions(): Promise<[name: string, version: string | undefined][]> {
  const own = join(OWN_FOLDER, 'package.json')
  const { dependencies = {} } = await readManifest(dirname(own))
  return Promise.all(
    Object.keys(dependencies).map(async (name) => {
      const found = await findPackage(name, own)
      return [name, found && (await readManifest(found.folder)).version] as [string, string | undefined]
    }),
  )
}
