/**
 * A function as a task root that runs under a plain Node.js: what takes seconds of a build, the executable and its code
 * cache, is left out. For trying a function while it is being written; nothing to deploy.
 */

import { chmod, copyFile, link, mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { build } from 'esbuild'
import { FUNCTION, RUNTIME, scriptAsset, sourceMapAsset } from '../executable/format.ts'
import { pathOfSource } from '../executable/source-map.ts'
import { isBuildFailure } from './bundle/bundle-failure.ts'
import { type BundleOptions, bundleFunction, writeBundledFiles } from './bundle/bundle-function.ts'
import { bundleRuntime } from './bundle/bundle-runtime.ts'
import { projectFolder } from './bundle/project-folder.ts'
import type { PlannedPackage } from './dependencies/package-plan.ts'
import { entryBelow } from './escaped-pattern.ts'
import { findIncludes, type IncludeOptions } from './package/included-files.ts'
import { listShippedPackages } from './package/shipped-packages.ts'
import type { PackageFile } from './package/write-zip.ts'
import { BOOTSTRAP_FILE, FILE_LAUNCHER_ENTRY, OWN_FOLDER } from './source-files.ts'

export interface UnpackedFunctionOptions {
  /** Absolute path. */
  readonly entry: string
  readonly name: string
  readonly bundle: Pick<BundleOptions, 'externals' | 'bundled' | 'esbuild' | 'root'>
  readonly include: IncludeOptions
  /** Where the inspector listens, on loopback; undefined for no inspector. */
  readonly inspectorPort: number | undefined
}

const LAUNCHER = 'file-launcher.cjs'
const NODE = 'bin/node'

/**
 * Puts into `folder`, which is made, what all such functions share, the Node.js that runs them included. It has to be their
 * `LAMBDA_RUNTIME_DIR`.
 */
export async function prepareLauncher(folder: string, node: string): Promise<void> {
  await mkdir(join(folder, 'bin'), { recursive: true })
  // It may lie where a function cannot see it. On another disk it cannot be linked.
  await link(node, join(folder, NODE)).catch(() => copyFile(node, join(folder, NODE)))
  const [{ runtime }] = await Promise.all([
    bundleRuntime(),
    build({
      ...entryBelow(OWN_FOLDER, FILE_LAUNCHER_ENTRY),
      outfile: join(folder, LAUNCHER),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node22',
      logLevel: 'silent',
    }),
  ])
  await writeFile(join(folder, scriptAsset(RUNTIME)), runtime)
}

/**
 * Builds the function into `taskRoot`, which is made. Resolves with the absolute paths of the sources that it was made
 * of; rejects with a BundleError. `onHandlers` gets the exports that can be handlers, where that is known.
 */
export async function buildUnpackedFunction(
  { entry, name, bundle, include, inspectorPort }: UnpackedFunctionOptions,
  taskRoot: string,
  onHandlers: (exports: readonly string[] | undefined) => void = () => {},
): Promise<string[]> {
  const {
    entry: chunk,
    handlers,
    files,
    metafile,
    project,
    packages: { packages },
  } = await bundleFunction(
    entry,
    { ...bundle, minify: false },
    // One chunk, whose debugger comment maps all of the sources.
    { split: false },
  )
  const { code, sourceMap } = chunk
  const map = JSON.parse(sourceMap.toString()) as { sources: string[] }
  const sources = map.sources.map((source) => resolve(project, pathOfSource(source)))
  const inspect = inspectorPort === undefined ? '' : ` --inspect=127.0.0.1:${inspectorPort}`
  await mkdir(taskRoot, { recursive: true })
  await writeBundledFiles(files, taskRoot)
  await shipPackages(packages, taskRoot)
  await linkFiles(await findIncludes(include), taskRoot)
  await Promise.all([
    writeFile(
      join(taskRoot, scriptAsset(FUNCTION)),
      inspectorPort === undefined ? code : Buffer.concat([code, sourceMapComment(map, sources)]),
    ),
    writeFile(join(taskRoot, sourceMapAsset(FUNCTION)), sourceMap),
    writeExecutable(
      join(taskRoot, name),
      `#!/bin/sh\nexec "$LAMBDA_RUNTIME_DIR/${NODE}"${inspect} "$LAMBDA_RUNTIME_DIR/${LAUNCHER}" "$0"\n`,
    ),
    copyFile(BOOTSTRAP_FILE, join(taskRoot, 'bootstrap')),
  ])
  await chmod(join(taskRoot, 'bootstrap'), 0o755)
  onHandlers(handlers)
  // The source map has none of which nothing is in the bundle, as of one that an editor is about to write.
  const inputs = Object.keys(metafile.inputs).filter((path) => !path.includes(':'))
  return [...new Set([...sources, ...inputs.map((path) => resolve(project, path))])]
}

/** Puts packages there that cannot be bundled, for this machine. */
async function shipPackages(packages: readonly PlannedPackage[], taskRoot: string): Promise<void> {
  const { files } = await listShippedPackages(packages, process.arch === 'arm64' ? 'arm64' : 'x64')
  await linkFiles(files, taskRoot)
}

async function linkFiles(files: readonly PackageFile[], taskRoot: string): Promise<void> {
  for (const { path, source } of files) {
    const place = join(taskRoot, path)
    await mkdir(dirname(place), { recursive: true })
    // Another disk's cannot be linked.
    await link(await realpath(source), place).catch(() => copyFile(source, place))
  }
}

/** Files that a failed build complains about, as far as it names them. */
export function sourcesOfFailure(error: unknown, entry: string): string[] {
  const cause = error instanceof Error ? error.cause : undefined
  const files = isBuildFailure(cause) ? cause.errors.map(({ location }) => location?.file) : []
  return files
    .filter((file) => file !== undefined && !file.includes(':'))
    .map((file) => resolve(projectFolder(entry), file as string))
}

/** For debuggers, which have to find the sources wherever the function's script may be. */
function sourceMapComment(map: object, sources: readonly string[]): Buffer {
  const absolute = JSON.stringify({ ...map, sources: sources.map((source) => `file://${encodeURI(source)}`) })
  const base64 = Buffer.from(absolute).toString('base64')
  return Buffer.from(`\n//# sourceMappingURL=data:application/json;base64,${base64}\n`)
}

async function writeExecutable(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o755)
}
