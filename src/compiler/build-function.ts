/** Builds one function: entry to bundle to executable to deployment package. */
import { join } from 'node:path'
import { type BaseNode, prepareBaseNode, type TargetOptions } from './base-node/base-node.ts'
import { makeRecord, writeRecord } from './build-record.ts'
import type { BuiltFunction } from './built-function.ts'
import {
  type BundleOptions,
  bundleFunction,
  type FunctionBundle,
  writeBundledFiles,
} from './bundle/bundle-function.ts'
import { bundleRuntime, type RuntimeBundle } from './bundle/bundle-runtime.ts'
import type { Compression } from './deflate/deflate-file.ts'
import { describeMissingFiles, describePlan } from './dependencies/plan-notes.ts'
import type { ExecutableProgram, ProgramSource } from './executable/executable-program.ts'
import { explainInitFailure, InitFailureError } from './executable/init-failure.ts'
import { makeInitialisedProgram } from './executable/initialised-program.ts'
import { makeLoadedProgram } from './executable/loaded-program.ts'
import { makeExecutable } from './executable/make-executable.ts'
import { explainSelfTest } from './executable/self-test.ts'
import { writeExecutable } from './executable/write-executable.ts'
import { handlerSettings } from './handler-settings.ts'
import { NOTICES_FILE, type NoticesSource, renderNotices } from './notices/third-party-notices.ts'
import { findIncludes, type IncludeOptions } from './package/included-files.ts'
import { findPackageFacts } from './package/package-facts.ts'
import { PackageFolder } from './package/package-folder.ts'
import { listShippedPackages, type ShippedPackages } from './package/shipped-packages.ts'
import { type PackageFile, writeZip } from './package/write-zip.ts'
import { zipProgress } from './package/zip-progress.ts'
import { withReadAhead } from './read-ahead/read-ahead.ts'
import { BuildSteps, type Progress } from './steps.ts'
import { withWorkFolder } from './work-folder.ts'

/** How to build a function, by what each option is for. */
export interface FunctionOptions {
  /** Absolute path. */
  readonly entry: string
  readonly name: string
  /** Absolute path; made when it is not there. */
  readonly outDir: string
  readonly target: TargetOptions
  readonly bundle: BundleOptions
  readonly init: InitOptions
  readonly include: IncludeOptions
  /** How the zip is compressed. */
  readonly compression: Compression
  /** Whether a function that does not initialise in the build is an error. */
  readonly isStrict?: boolean
  /** Whether the licences of what the package redistributes are in it, as {@link NOTICES_FILE}. */
  readonly notices: boolean
}

export interface InitOptions {
  /** Where the function's module is initialised: on Lambda, or here, and its heap is in the executable. */
  readonly at: 'lambda' | 'build'
  /** Absolute paths of JSON files, each an event that the function is to be prepared for. */
  readonly events: readonly string[]
}

/**
 * Builds one function into `<outDir>/<name>.zip` and `<outDir>/<name>/`. Rejects with a BuildError that says what to do, and
 * leaves what was there before as it was.
 */
export async function buildFunction(
  options: FunctionOptions,
  progress: Progress = {},
): Promise<BuiltFunction> {
  const steps = new BuildSteps(progress)
  return withWorkFolder(options.outDir, async (work) => {
    const notices = options.notices ? NOTICES_FILE : undefined
    const draft = await PackageFolder.create(join(work, 'package'), options.name, notices)
    const { executable } = draft
    const [bundle, runtime] = await steps.run('bundle', () => bundleBoth(options))
    const shipped = await listShippedPackages(bundle.packages.packages, options.target.arch)
    await draft.add(await findShippedFiles(options, bundle, shipped, join(work, 'files')))
    const base = await steps.run('base Node.js', () => findBase(options, steps))
    const source = {
      ...options,
      bundle,
      runtime,
      base,
      taskRoot: draft.folder,
      folder: join(work, 'program'),
    }
    const program = await makeProgram(options, source, steps)
    const initFailure = program.initFailure && explainInitFailure(program.initFailure, bundle)
    if (initFailure !== undefined && options.isStrict) {
      throw new InitFailureError(initFailure)
    }
    const made = await steps.run('executable', () => makeExecutable(program, base, join(work, 'parts')))
    const variants = await steps.run('read-ahead', () =>
      withReadAhead(made.bytes, executable, source, program.cold, join(work, 'reference')),
    )
    const { selfTest, note: slowIfCold } = await steps.run('self-test', () =>
      writeExecutable(executable, variants, base.runner),
    )
    const notes = [
      ...base.notes,
      ...runtime.notes,
      ...made.notes,
      ...(selfTest ? explainSelfTest(selfTest, program.assets) : []),
      ...program.notes,
      slowIfCold,
    ].filter((note) => note !== undefined)
    const warnings = [
      ...bundle.warnings.map(({ text }) => text),
      ...(initFailure === undefined ? [] : [initFailure]),
    ]
    const facts = { options, bundle, base, shipped: shipped.packages, warnings, notes }
    await writeRecord(executable, await makeRecord(facts))
    const zip = await steps.run('package', () => writePackage(draft, options, source, steps, work))
    return {
      name: options.name,
      entry: options.entry,
      arch: base.arch,
      nodeVersion: base.version,
      locales: options.target.locales,
      ...(await findPackageFacts(draft, zip, base.arch)),
      exports: bundle.exports,
      handlers: bundle.handlers && handlerSettings(options.name, bundle.handlers),
      warnings: bundle.warnings,
      shipped: shipped.packages,
      packagesWithoutAddon: shipped.withoutAddon,
      packageNotes: describePlan(bundle.packages),
      missingFiles: describeMissingFiles(bundle.packages, options.include),
      notes,
      initFailure,
      environmentRead: program.environmentRead,
      steps: steps.done,
      ...(await draft.publish(zip, options.outDir)),
    }
  })
}

function bundleBoth({ entry, bundle, init }: FunctionOptions): Promise<[FunctionBundle, RuntimeBundle]> {
  return Promise.all([
    // A snapshot holds the heap of one chunk.
    bundleFunction(entry, bundle, { split: init.at === 'lambda' }),
    bundleRuntime(),
  ])
}

/** What the bundler made is written to `folder`, which is not there yet. */
async function findShippedFiles(
  { include }: FunctionOptions,
  { files }: FunctionBundle,
  shipped: ShippedPackages,
  folder: string,
): Promise<PackageFile[]> {
  const bundled = files.map(({ path }) => ({ path, source: join(folder, path), executable: false }))
  await writeBundledFiles(files, folder)
  return [...(await findIncludes(include)), ...shipped.files, ...bundled]
}

function findBase({ target }: FunctionOptions, steps: BuildSteps): Promise<BaseNode> {
  return prepareBaseNode(target.arch, target.nodePath, (message) => steps.notice(message), target.locales)
}

function makeProgram(
  { init }: FunctionOptions,
  source: ProgramSource,
  steps: BuildSteps,
): Promise<ExecutableProgram> {
  return init.at === 'build'
    ? steps.run('init', () => makeInitialisedProgram(source))
    : steps.run('code cache', () => makeLoadedProgram(source))
}

/** Resolves to the path of the zip. */
async function writePackage(
  draft: PackageFolder,
  { compression }: FunctionOptions,
  source: NoticesSource,
  steps: BuildSteps,
  work: string,
): Promise<string> {
  await draft.complete(() => renderNotices(source))
  if (compression === 'small') {
    steps.notice('compressing with Zopfli: a minute or two, the first time with this Node.js')
  }
  const zip = join(work, 'package.zip')
  const onBytes =
    compression === 'small' ? await zipProgress(draft.files, (message) => steps.notice(message)) : undefined
  await writeZip(draft.files, zip, compression, onBytes)
  return zip
}
