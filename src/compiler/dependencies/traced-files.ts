/**
 * Which files a module reads or loads by a path, as Vercel's tracer finds out by reading the code: `path.join(__dirname,
 * 'data', name)` is all of `data`.
 */
import { lstatSync, realpathSync } from 'node:fs'
import { extname, join } from 'node:path'
import { readBytes } from '../text/read-in-turn.ts'
import { resolveInArchives } from './named/plug-and-play.ts'
import { importedPackage, packageFolder } from './package-of-file.ts'

/**
 * As absolute paths, what the modules `files` name by a path of their own; what they import is left out. In the order of their paths:
 * the tracer's is that in which it came to read them, and another one each time, and what is made of them would be, too.
 */
export async function traceOwnFiles(files: readonly string[]): Promise<string[]> {
  if (files.length === 0) {
    return []
  }
  // Most builds need none of it.
  const { nodeFileTrace } = await import('@vercel/nft')
  const { reasons } = await nodeFileTrace([...files], {
    ...OPTIONS,
    resolve: async () => [],
    readFile: readAsTraced,
  })
  return [...reasons]
    .filter(([, { type }]) =>
      type.some((each) => each === 'asset' || each === 'dependency' || each === 'sharedlib'),
    )
    .map(([path]) => join('/', path))
    .filter((path) => !files.includes(path) && isPackageFile(path))
    .sort()
}

/** With the names of a module's own path that the tracer knows. Undefined for what is no file, as the tracer has it. */
async function readAsTraced(path: string): Promise<Buffer | string | null> {
  const content = await readBytes(path).catch(() => null)
  return content !== null && isModuleFile(path) && content.includes('module.')
    ? content
        .toString()
        .replace(
          /(?<![\w$.])module\.(filename|path)\b/g,
          (_, name) => `__${name === 'path' ? 'dirname' : name}`,
        )
    : content
}

/** As absolute paths, all files of packages that the modules `files` need, those themselves included. In the order of their paths. */
export async function traceAll(files: readonly string[]): Promise<string[]> {
  const { nodeFileTrace, resolve } = await import('@vercel/nft')
  const { fileList } = await nodeFileTrace([...files], {
    ...OPTIONS,
    resolve: async (specifier, parent, job, isRequired) =>
      (importedPackage(specifier) &&
        resolveInArchives(specifier, parent, isRequired ? 'require' : 'import')) ||
      resolve(specifier, parent, job, isRequired),
  })
  return [...fileList]
    .map((path) => join('/', path))
    .filter(isPackageFile)
    .sort()
}

/**
 * Not the links that pnpm and workspaces have in the place of packages, which the tracer counts as files: what they lead to is
 * found by its own path, and would be there twice. A package's links to files of its own are files.
 */
function isPackageFile(path: string): boolean {
  const folder = packageFolder(path)
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
  return folder !== undefined && !(isLink && packageFolder(`${realPath(path)}/`) !== folder)
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path // A link to nowhere.
  }
}

/** Whether Node.js can load a file as a module. */
export function isModuleFile(path: string): boolean {
  return /^\.[cm]?js$/.test(extname(path))
}

const OPTIONS = {
  base: '/',
  // What is found from there is the author's, and not a package's.
  processCwd: '/nowhere',
  mixedModules: true,
  // Of 1,024 by default, and a system may let a process have no more open.
  fileIOConcurrency: 32,
}
