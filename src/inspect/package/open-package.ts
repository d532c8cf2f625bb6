/**
 * A package to look into: its files, unpacked, and what each takes of its zip.
 *
 * A folder is zipped first, as `lambdabin build` would, so that there is something to tell of a zip.
 */
import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { basename, join, relative, resolve, sep } from 'node:path'
import { fromBufferPromise } from 'yauzl'
import { type PackageFile, writeZip } from '../../compiler/package/write-zip.ts'
import { DeploymentPackageError } from '../../emulator/code/deployment-package-error.ts'
import { unpackZip } from '../../emulator/code/zip-unpacking.ts'

export interface OpenedPackage {
  /** As it was given. */
  readonly path: string
  readonly kind: 'zip' | 'folder'
  /** The zip's name without `.zip`, or the folder's name. */
  readonly name: string
  /** Absolute: where its files are. */
  readonly folder: string
  readonly zipBytes: number
  /** SHA-256 of the zip, base64; undefined where there was only a folder. */
  readonly codeSha256: string | undefined
  /** In the order in which the zip has them; no folders. */
  readonly files: readonly StoredFile[]
}

export interface StoredFile {
  /** `bootstrap`, `node_modules/sharp/package.json`. */
  readonly path: string
  readonly bytes: number
  /** What the zip has of it: a raw deflate stream, or the content itself. */
  readonly stored: Buffer
  readonly isDeflated: boolean
}

/** More than Lambda takes: to see why something is too large. */
const MOST_BYTES = 2 ** 31
const LOCAL_HEADER_BYTES = 30
const NAME_LENGTH_AT = 26
const EXTRA_LENGTH_AT = 28
const DEFLATE = 8
const DEEPEST = 64
/** What a package has one of at least: a file at its top or, for a layer, a function's script. */
const IN_PACKAGE = /^[^/]+(?:\/function\.js)?$/

/** In `workFolder`, which is the caller's to delete. Rejects with a DeploymentPackageError. */
export async function openPackage(path: string, workFolder: string): Promise<OpenedPackage> {
  const status = await stat(path).catch((error) => {
    throw new DeploymentPackageError(
      `expected a package, a zip or a folder, but cannot read ${path}; build one first with: lambdabin build`,
      { cause: error },
    )
  })
  return status.isDirectory() ? openFolder(path, workFolder) : openZip(path, workFolder)
}

async function openZip(path: string, workFolder: string): Promise<OpenedPackage> {
  const folder = join(workFolder, 'unpacked')
  await mkdir(folder)
  await unpackZip(path, folder, { mostBytes: MOST_BYTES })
  const zip = await readFile(path)
  return {
    path,
    kind: 'zip',
    name: basename(path).replace(/\.zip$/i, ''),
    folder,
    zipBytes: zip.length,
    codeSha256: createHash('sha256').update(zip).digest('base64'),
    files: await readStoredFiles(zip),
  }
}

async function openFolder(path: string, workFolder: string): Promise<OpenedPackage> {
  const folder = resolve(path)
  const zip = join(workFolder, 'package.zip')
  const files = await listFiles(folder, folder, 0)
  if (!files.some((file) => IN_PACKAGE.test(file.path))) {
    throw new DeploymentPackageError(
      `expected the folder of a package, but ${path} has no files; build one first with: lambdabin build`,
    )
  }
  await writeZip(files, zip)
  const bytes = await readFile(zip)
  return {
    path,
    kind: 'folder',
    name: basename(folder),
    folder,
    zipBytes: bytes.length,
    codeSha256: undefined,
    files: await readStoredFiles(bytes),
  }
}

/** Links are not followed to folders: one may lead to where it is. */
async function listFiles(folder: string, root: string, depth: number): Promise<PackageFile[]> {
  const found: PackageFile[] = []
  for (const name of (await readdir(folder)).sort()) {
    const source = join(folder, name)
    const isLink = (await lstat(source)).isSymbolicLink()
    const status = await stat(source).catch(() => undefined)
    if (status?.isFile()) {
      const path = relative(root, source).split(sep).join('/')
      found.push({ path, source, executable: (status.mode & 0o111) !== 0 })
    } else if (status?.isDirectory() && !isLink && depth < DEEPEST) {
      found.push(...(await listFiles(source, root, depth + 1)))
    }
  }
  return found
}

async function readStoredFiles(zip: Buffer): Promise<StoredFile[]> {
  const opened = await fromBufferPromise(zip, { lazyEntries: true, autoClose: false })
  const files: StoredFile[] = []
  for await (const entry of opened.eachEntry()) {
    if (entry.fileName.endsWith('/')) {
      continue
    }
    const header = entry.relativeOffsetOfLocalHeader
    const start =
      header +
      LOCAL_HEADER_BYTES +
      zip.readUInt16LE(header + NAME_LENGTH_AT) +
      zip.readUInt16LE(header + EXTRA_LENGTH_AT)
    files.push({
      path: entry.fileName,
      bytes: entry.uncompressedSize,
      stored: zip.subarray(start, start + entry.compressedSize),
      isDeflated: entry.compressionMethod === DEFLATE,
    })
  }
  return files
}
