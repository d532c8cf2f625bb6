/** Builds one function: entry to bundle to executable to deployment package. */
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import type { Message } from 'esbuild'
import { type BaseNode, prepareBaseNode } from './base-node/base-node.ts'
import { bundleFunction, type FunctionBundle } from './bundle/bundle-function.ts'
import { bundleRuntime, type RuntimeBundle } from './bundle/bundle-runtime.ts'
import type { Text } from './bundle/bundle-text.ts'
import { textName } from './bundle/text-name.ts'
import type { Compression } from './deflate/deflate-file.ts'
import type { Architecture } from './elf/elf-file.ts'
import { type CodeCaches, makeCodeCaches } from './executable/code-caches.ts'
import { initAtBuild, refuseForeignTarget } from './executable/init-at-build.ts'
import { makeExecutable, type SnapshotOptions } from './executable/make-executable.ts'
import { type SelfTestResult, testExecutable } from './executable/self-test.ts'
import { packagesWithoutAddonFor } from './package/addon-architectures.ts'
import { findExternals } from './package/external-packages.ts'
import { findIncludes } from './package/included-files.ts'
import { addExtraFiles, publishPackage, setModes } from './package/package-folder.ts'
import { requirementsOf } from './package/runtime-requirements.ts'
import { type PackageFile, writeZip } from './package/write-zip.ts'
import { addReadAhead } from './read-ahead/read-ahead.ts'
import { recordStandIn, standInLike } from './read-ahead/stand-in.ts'
import { BOOTSTRAP_FILE } from './source-files.ts'
import { runStep, type Step, type StepListener } from './steps.ts'
import { withWorkFolder } from './work-folder.ts'

const BOOTSTRAP = 'bootstrap'

/** What it costs when nothing of the target can be run here. */
function noCodeCaches(arch: Architecture): CodeCaches {
  const remedy =
    process.platform === 'linux'
      ? `build it on ${arch}, or install qemu-user and a C++ library for ${arch} (Debian: qemu-user-static libstdc++6-${arch === 'arm64' ? 'arm64' : 'amd64'}-cross)`
      : 'build it in a container, with `docker-compose up`'
  return {
    assets: {},
    shortcoming: `nothing for Linux on ${arch} runs on this machine, so the executable was not tried, and has no code cache, which costs it a tenth to a third of its start-up time; ${remedy}`,
  }
}

const NO_READ_AHEAD =
  'what a start touches of this Node.js could not be found out here (Linux tells it in /proc), so with nothing of it in memory yet, as in each new execution environment, the executable starts slower'

export interface FunctionOptions {
  /** Absolute path. */
  readonly entry: string
  readonly name: string
  /** Absolute path; made when it is not there. */
  readonly outDir: string
  readonly arch: Architecture
  /** Another Node.js binary than the pinned one. */
  readonly nodePath?: string | undefined
  /** Files and folders to ship, relative to `includeRoot`. */
  readonly includes: readonly string[]
  /** Absolute path. */
  readonly includeRoot: string
  readonly externals: readonly string[]
  /** Absolute paths of JSON files, each an event that the function is to be prepared for. */
  readonly events: readonly string[]
  readonly minify: boolean
  /** Where the function's module is initialised: on Lambda, or here, and its heap is in the executable. */
  readonly init: 'lambda' | 'build'
  /** The locales whose ICU data the executable has; undefined for all that its Node.js has. */
  readonly locales?: readonly string[] | undefined
  /** How the zip is compressed; `fast` if not given. */
  readonly compression?: Compression | undefined
}

export interface BuiltFunction {
  readonly name: string
  readonly entry: string
  readonly arch: Architecture
  readonly nodeVersion: string
  /** The locales that were asked for; undefined when there are all. */
  readonly locales: readonly string[] | undefined
  /** Absolute path of the zip. */
  readonly zip: string
  /** Absolute path of the folder with the same content. */
  readonly folder: string
  readonly executableBytes: number
  readonly zipBytes: number
  /** All files of the package together. */
  readonly unpackedBytes: number
  /** SHA-256 of the zip, base64: what AWS Lambda reports as `CodeSha256`. */
  readonly codeSha256: string
  /** The newest release of glibc that the executable asks for. */
  readonly glibc: string | undefined
  /** Names of the Lambda runtimes that it runs on. */
  readonly runtimes: readonly string[]
  /** Names of the entry's exports; undefined for a CommonJS entry. */
  readonly exports: readonly string[] | undefined
  /** esbuild's. */
  readonly warnings: readonly Message[]
  /** What makes the executable start slower than it might, a sentence each. */
  readonly shortcomings: readonly string[]
  /** Environment variables that the function read as it was initialised at build time, and cannot read anew. */
  readonly environmentRead: readonly string[]
  /** Names of the shipped packages that have native addons, but none that runs on `arch`. */
  readonly packagesWithoutAddon: readonly string[]
  readonly steps: readonly Step[]
}

/**
 * Builds one function into `<outDir>/<name>.zip` and `<outDir>/<name>/`. Rejects with a BuildError that says
 * what to do, and leaves what was there before as it was. `onStep` hears of each step as it ends, `onNotice`
 * of what takes long.
 */
export async function buildFunction(
  options: FunctionOptions,
  onStep: StepListener = () => {},
  onNotice: (message: string) => void = () => {},
): Promise<BuiltFunction> {
  const steps: Step[] = []
  const step = <Result>(name: string, work: () => Promise<Result>) =>
    runStep(
      name,
      (done) => {
        steps.push(done)
        onStep(done)
      },
      work,
    )

  return withWorkFolder(options.outDir, async (work) => {
    const parts = join(work, 'parts')
    const packaged = join(work, 'package')
    await mkdir(parts)
    await mkdir(packaged)
    const executable = join(packaged, options.name)

    const [bundle, runtime] = await step('bundle', () =>
      Promise.all([
        // A snapshot holds the heap of one text.
        bundleFunction(options.entry, options, { split: options.init === 'lambda' }),
        bundleRuntime(),
      ]),
    )
    const ownFiles = [BOOTSTRAP, options.name]
    const extraFiles = await addExtraFiles(packaged, ownFiles, [
      ...(await findIncludes(options)),
      ...(await findExternals(options)),
    ])
    const base = await step('base Node.js', () =>
      prepareBaseNode(options.arch, options.nodePath, onNotice, options.locales),
    )
    const program =
      options.init === 'build'
        ? await step('init', () => initialisedProgram(options, bundle, runtime, base, packaged, work))
        : await step('code cache', () => loadedProgram(options, bundle, runtime, base, packaged, work))
    await step('executable', async () => {
      const { main: launcher, assets, snapshot } = program
      const { path: node, generator } = base
      await makeExecutable(
        { launcher, assets, node, arch: options.arch, generator, snapshot },
        executable,
        parts,
      )
      await chmod(executable, 0o755)
    })
    const kind = standInLike(bundle.code)
    const readsAhead = await step('read-ahead', () =>
      addReadAhead(executable, {
        kind,
        arch: options.arch,
        base: base.path,
        cold: program.cold,
        record: () => recordStandIn(kind, base, options.arch, runtime, join(work, 'stand-in')),
      }),
    )
    const shortcomings = [
      ...base.shortcomings,
      program.shortcoming,
      readsAhead || !base.runner ? undefined : NO_READ_AHEAD,
    ]
    if (base.runner !== undefined) {
      const { runner } = base
      const result = await step('self-test', () => testExecutable(executable, runner))
      shortcomings.push(explainRejection(result, program))
    }
    const zip = join(work, 'package.zip')
    const files = await step('package', async () => {
      await copyFile(BOOTSTRAP_FILE, join(packaged, BOOTSTRAP))
      const own = ownFiles.map((path) => ({ path, source: join(packaged, path), executable: true }))
      const all: PackageFile[] = [...own, ...extraFiles]
      await setModes(all)
      if (options.compression === 'small') {
        onNotice('compressing with Zopfli: a minute or two, the first time with this Node.js')
      }
      await writeZip(all, zip, options.compression)
      return all
    })
    const built = {
      name: options.name,
      entry: options.entry,
      arch: options.arch,
      nodeVersion: base.version,
      locales: options.locales,
      executableBytes: (await stat(executable)).size,
      ...(await measureZip(zip)),
      unpackedBytes: await totalSize(files),
      ...(await requirementsOf(executable, files, options.arch)),
      exports: bundle.exports,
      warnings: bundle.warnings,
      shortcomings: shortcomings.filter((shortcoming) => shortcoming !== undefined),
      environmentRead: program.environmentRead,
      packagesWithoutAddon: await packagesWithoutAddonFor(options.arch, files),
      steps,
    }
    return { ...built, ...(await publishPackage(packaged, zip, options)) }
  })
}

/** What an executable is made of, besides Node.js. */
interface ExecutableProgram {
  readonly main: Buffer
  readonly assets: Readonly<Record<string, Buffer>>
  readonly snapshot?: SnapshotOptions
  /** Those of the assets that no start reads. */
  readonly cold: readonly Buffer[]
  readonly environmentRead: readonly string[]
  readonly shortcoming: string | undefined
}

/** A program whose function is initialised on Lambda, in the init phase. */
async function loadedProgram(
  options: FunctionOptions,
  bundle: FunctionBundle,
  runtime: RuntimeBundle,
  base: BaseNode,
  taskRoot: string,
  work: string,
): Promise<ExecutableProgram> {
  const codeCaches = base.runner
    ? await makeCodeCaches({
        bundle: runtime,
        texts: [bundle.code, ...bundle.chunks.map(({ code }) => code)],
        node: base.path,
        runner: base.runner,
        handler: warmUpHandler(options.name, bundle.exports),
        events: options.events,
        taskRoot,
        folder: join(work, 'code-cache'),
      })
    : noCodeCaches(options.arch)
  const assets = {
    'runtime.js': runtime.runtime,
    ...textAssets([bundle, ...bundle.chunks]),
    ...codeCaches.assets,
  }
  const hot = ['runtime.js', 'runtime.cache', 'function.js', 'function.cache']
  const cold = Object.entries(assets).flatMap(([name, content]) => (hot.includes(name) ? [] : [content]))
  const { shortcoming } = codeCaches
  return { main: runtime.launcher, assets, cold, environmentRead: [], shortcoming }
}

/** A program whose function is initialised here. */
async function initialisedProgram(
  options: FunctionOptions,
  { code, sourceMap, exports }: FunctionBundle,
  { runtime, warmUp }: RuntimeBundle,
  base: BaseNode,
  taskRoot: string,
  work: string,
): Promise<ExecutableProgram> {
  refuseForeignTarget(options.arch, base.runner)
  const { entry } = options
  const folder = join(work, 'init')
  const { main, environment, environmentRead, shortcoming } = await initAtBuild({
    ...{ entry, runtime, warmUp, code, sourceMap, node: base.path, taskRoot, folder },
    handler: warmUpHandler(options.name, exports),
    events: options.events,
  })
  return {
    main,
    assets: { 'function.js.map': sourceMap },
    cold: [sourceMap],
    snapshot: { environment, mayStartWorkers: code.includes('worker_threads') },
    environmentRead,
    shortcoming,
  }
}

/** The handler setting that loads the function and names a handler that it has, if it says which it has. */
function warmUpHandler(name: string, exports: readonly string[] | undefined): string {
  const [first] = exports ?? []
  return first === undefined || exports?.includes('handler') || exports?.includes('default')
    ? name
    : `${name}.${first}`
}

function textAssets(texts: readonly Text[]): Record<string, Buffer> {
  const assets = texts.flatMap(({ code, sourceMap }, number) => [
    [`${textName(number)}.js`, code],
    [`${textName(number)}.js.map`, sourceMap],
  ])
  return Object.fromEntries(assets)
}

/** Why V8 will not use a code cache that the executable has; undefined when it will. */
function explainRejection({ codeCaches }: SelfTestResult, { assets }: ExecutableProgram): string | undefined {
  const refused = Object.keys(assets).filter(
    (asset) => asset.endsWith('.cache') && codeCaches[asset.replace('.cache', '')] !== 'accepted',
  )
  if (refused.length === 0) {
    return undefined
  }
  return `V8 does not accept the executable's own ${refused.join(' and ')}, so it will start slower; please report this`
}

async function measureZip(zip: string) {
  const bytes = await readFile(zip)
  return { zipBytes: bytes.length, codeSha256: createHash('sha256').update(bytes).digest('base64') }
}

async function totalSize(files: readonly PackageFile[]): Promise<number> {
  const sizes = await Promise.all(files.map(async ({ source }) => (await stat(source)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
