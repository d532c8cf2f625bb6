/** Which folders of this computer a build in a container has to see. */
import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { outerArchiveFolders } from '../../compiler/dependencies/named/plug-and-play.ts'
import { UsageError } from '../../configuration/usage-error.ts'

/** What the topmost folder of a project has, if it has no `.git`. */
const MARKS = [
  'package.json',
  'package-lock.json',
  'pnpm-workspace.yaml',
  'yarn.lock',
  'bun.lock',
  'node_modules',
]

/** Folders of the container's own system, which a project's cannot take the place of. */
const OF_THE_SYSTEM = [
  '/',
  '/bin',
  '/dev',
  '/etc',
  '/lambdabin',
  '/lib',
  '/lib64',
  '/proc',
  '/sbin',
  '/sys',
  '/usr',
]

/** No project links to more packages outside of it. */
const MOST_LINKS = 50

/**
 * The folders with `files`, which are absolute paths of files and folders, and with the packages that these import: whole
 * projects, none of them inside another. Throws a UsageError where one would hide the container's system.
 */
export function foldersToMount(files: readonly string[], home = homedir()): string[] {
  const folders = new Set<string>()
  for (const file of files.flatMap((path) => [path, realPath(path)])) {
    folders.add(projectOf(file, home))
  }
  for (const link of [...folders].flatMap((folder) => linkedPackages(files, folder))) {
    folders.add(projectOf(link, home))
  }
  for (const archives of [...folders].flatMap(outerArchiveFolders)) {
    folders.add(archives)
  }
  for (const folder of folders) {
    if (OF_THE_SYSTEM.includes(folder)) {
      throw new UsageError(
        `--docker expects a project in a folder of its own, and ${folder} is one that the container has, too; move the project elsewhere`,
      )
    }
  }
  return [...folders].filter(
    (folder) => ![...folders].some((other) => other !== folder && isInside(folder, other)),
  )
}

/** The folder itself or one above it: the nearest with `.git`, else the topmost that looks like a project; below `home`. */
function projectOf(path: string, home: string): string {
  const own = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : dirname(path)
  let topmost = own
  for (let folder = own; folder !== dirname(folder) && folder !== home; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) {
      return folder
    }
    if (MARKS.some((mark) => existsSync(join(folder, mark)))) {
      topmost = folder
    }
  }
  return topmost
}

/** Where links in the `node_modules` that `files` can import from lead outside of `root`, as `npm link` makes them. */
function linkedPackages(files: readonly string[], root: string): string[] {
  const modules = new Set(
    files.flatMap((file) => foldersUpTo(file, root)).map((folder) => join(folder, 'node_modules')),
  )
  const links = [...modules]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => [folder, ...packagesIn(folder)])
  return links
    .map((link) => realPath(link))
    .filter((target) => !isInside(target, root))
    .map((target) => (basename(target) === 'node_modules' ? dirname(target) : target))
    .slice(0, MOST_LINKS)
}

function packagesIn(modules: string): string[] {
  return readdirSync(modules, { withFileTypes: true }).flatMap((entry) => {
    const path = join(modules, entry.name)
    if (entry.isSymbolicLink()) {
      return [path]
    }
    return entry.name.startsWith('@') && entry.isDirectory() ? packagesIn(path) : []
  })
}

function foldersUpTo(file: string, root: string): string[] {
  const folders = []
  for (let folder = file; isInside(folder, root); folder = dirname(folder)) {
    folders.push(folder)
    if (folder === root || folder === dirname(folder)) {
      break
    }
  }
  return folders
}

/** True for the folder itself, too. */
export function isInside(path: string, folder: string): boolean {
  const inside = relative(folder, path)
  return (
    inside !== '..' &&
    !inside.startsWith(`..${process.platform === 'win32' ? '\\' : '/'}`) &&
    !isAbsolute(inside)
  )
}

/** One that is not there is for the command to refuse. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}
