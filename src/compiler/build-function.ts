/** Builds one function: entry to bundle to executable to deployment package. */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { isOfRuntime } from '../executable/format.ts'
import { type BuildInputs, findInputs } from './build-inputs.ts'
import { withOutcome, writeRecord } from './build-record.ts'
import type { BuiltFunction } from './built-function.ts'
import {
  describeMissingFiles,
  describePlan,
  describeWorkers,
  importedOutside,
} from './dependencies/plan-notes.ts'
import type { ExecutableProgram, ProgramSource } from './executable/executable-program.ts'
import { explainInitFailure, InitFailureError } from './executable/init-failure.ts'
import { makeInitialisedProgram } from './executable/initialised-program.ts'
import { makeLoadedProgram } from './executable/loaded-program.ts'
import { makeExecutable } from './executable/make-executable.ts'
import { explainSelfTest } from './executable/self-test.ts'
import { withResponder } from './executable/stubbed-run.ts'
import { writeExecutable } from './executable/write-executable.ts'
import type { FunctionOptions } from './function-options.ts'
import { handlerSettings } from './handler-settings.ts'
import { NOTICES_FILE } from './package/own-files.ts'
import { findPackageFacts, type PackageFacts } from './package/package-facts.ts'
import { PackageFolder, type PackagePlace, packagePlace, thereOf } from './package/package-folder.ts'
import { placing } from './package/placing.ts'
import { checkReplaceable } from './package/replaceable-folder.ts'
import { type LibraryNeeds, libraryNeeds } from './package/runtime-requirements.ts'
import { writeZip } from './package/write-zip.ts'
import { zipProgress } from './package/zip-progress.ts'
import { FOUND_HOSTS } from './prime/found-hosts.ts'
import { withReadAhead } from './read-ahead/read-ahead.ts'
import { kindOfFunction } from './read-ahead/reference-executable.ts'
import { sbomPlace } from './sbom/sbom-place.ts'
import { BuildSteps, type Progress } from './steps.ts'
import { buildKey } from './unchanged/build-key.ts'
import { BuiltPackage, describeFiles } from './unchanged/built-package.ts'
import { QuickCheck } from './unchanged/quick-check.ts'
import { withWorkFolder } from './work-folder.ts'

/** What this process built last: executables of one Node.js are mostly alike. */
let latestExecutable: string | undefined

/**
 * Builds one function into `<outDir>/<name>.zip` and `<outDir>/<name>/`, unless what is there was made of the same. Rejects with
 * a BuildError that says what to do, and leaves what was there before as it was.
 */
export async function buildFunction(
  options: FunctionOptions,
  progress: Progress = {},
): Promise<BuiltFunction> {
  const steps = new BuildSteps(progress)
  return withWorkFolder(options.outDir, async (work) => {
    const place = packagePlace(options.outDir, options.name, options.only)
    const builtPackage = new BuiltPackage<BuiltFunction>(place)
    const check = await QuickCheck.begin(options, work)
    const untouched = options.isForced ? undefined : await builtPackage.findUntouched(check)
    if (untouched !== undefined) {
      progress.signal?.throwIfAborted()
      return { ...untouched, isUnchanged: true, steps: steps.done }
    }
    const replacing = { content: 'function', entry: options.entry } as const
    if (options.only !== 'zip') {
      await checkReplaceable(place.folder, replacing)
    }
    const inputs = await findInputs(options, steps, join(work, 'files'))
    const key = await buildKey(options, inputs)
    const unchanged = options.isForced ? undefined : await builtPackage.find(key)
    const bundled = describeBundle(options, inputs)
    if (unchanged !== undefined) {
      await builtPackage.keepFound({ ...unchanged, ...bundled }, await check.take(inputs))
      const sbom = await writeOwnSbom(options, inputs, place.zip, steps, work)
      return { ...unchanged, ...bundled, isUnchanged: true, sbom, steps: steps.done }
    }
    const made = await makePackage(options, inputs, place, steps, work)
    const built = { ...made.facts, ...bundled, ...thereOf(place), isUnchanged: false, steps: steps.done }
    const written = await describeFiles(thereOf({ ...place, folder: made.draft.folder, zip: made.zip ?? '' }))
    await made.draft.publish(made.zip, place, replacing)
    if (!options.isForLayer) {
      latestExecutable = join(place.folder, options.name)
    }
    if (made.isSettled) {
      await builtPackage.keep(key, written, built, await check.take(inputs))
    }
    return { ...built, sbom: await writeOwnSbom(options, inputs, place.zip, steps, work) }
  })
}

/** Resolves to the path of the document, beside the zip that is there; to nothing where none is asked for. */
async function writeOwnSbom(
  { name, entry, sbom }: FunctionOptions,
  { bundle, base, shipped, files }: BuildInputs,
  zip: string,
  steps: BuildSteps,
  work: string,
): Promise<string | undefined> {
  if (!sbom) {
    return undefined
  }
  const file = join(work, 'sbom.json')
  // On use: its libraries take a while to load.
  const { writeSbom } = await import('./sbom/write-sbom.ts')
  const source = { name, entry, bundle, base, shipped: shipped.packages, files, zip }
  await steps.run('sbom', () => writeSbom(source, file))
  const place = sbomPlace(zip)
  await placing(place, () => rename(file, place))
  return place
}

/** What there is to tell of a package from its bundle alone. */
function describeBundle(options: FunctionOptions, { bundle, shipped }: BuildInputs) {
  return {
    name: options.name,
    entry: options.entry,
    isForLayer: options.isForLayer ?? false,
    locales: options.target.locales,
    exports: bundle.exports,
    handlers: bundle.handlers && handlerSettings(options.name, bundle.handlers),
    warnings: bundle.warnings,
    shipped: shipped.packages,
    packagesWithoutAddon: shipped.withoutAddon,
    packageNotes: [
      ...describePlan(bundle.packages, importedOutside(bundle.metafile)),
      ...describeMissingFiles(bundle.packages, options.include),
      ...(options.init.at === 'build' ? describeWorkers(bundle.packages) : []),
    ],
  }
}

const NOTHING_FOUND =
  'no connection is opened in the init phase: the function called no host over HTTPS as it was run, so there was none to be found; name those that it calls with --connect'

const NOTHING_ASKED =
  'no sample event has the handler make requests, so the stubs answer only what the module asks as it is loaded; give an event with --event'

type FactOfRun =
  | ('arch' | 'nodeVersion' | 'notes' | 'initFailure' | 'noHandler')
  | ('environmentRead' | 'unanswered' | 'foundHosts')

interface MadePackage {
  readonly draft: PackageFolder
  /** Path of the zip, if there is to be one. */
  readonly zip: string | undefined
  readonly facts: PackageFacts & Pick<BuiltFunction, FactOfRun>
  /** Whether making it again would come to nothing else: the function ran as it should. */
  readonly isSettled: boolean
}

/** Makes the package in `work`. */
async function makePackage(
  options: FunctionOptions,
  inputs: BuildInputs,
  place: PackagePlace,
  steps: BuildSteps,
  work: string,
): Promise<MadePackage> {
  const { bundle, runtime, base, files } = inputs
  const notices = options.notices ? NOTICES_FILE : undefined
  const form = options.isForLayer ? 'scripts' : 'executable'
  const draft = await PackageFolder.create(join(work, 'package'), options.name, notices, form)
  await draft.add(files)
  const source = {
    ...options,
    bundle,
    runtime,
    base,
    taskRoot: draft.folder,
    folder: join(work, 'program'),
  }
  const program = await makeProgram(options, source, steps)
  const { root } = options.include
  const initFailure = program.initFailure && explainInitFailure(program.initFailure, bundle, root)
  if (initFailure !== undefined && options.isStrict) {
    throw new InitFailureError(initFailure)
  }
  const alike = latestExecutable ?? join(place.folder, options.name)
  const findsHosts = options.init.connect?.includes(FOUND_HOSTS) ?? false
  const foundHosts = findsHosts ? (program.foundHosts ?? []) : []
  const { notes, needs } = options.isForLayer
    ? await addScripts(program, draft)
    : await addExecutable(inputs, { program, initFailure, alike, draft }, steps, work)
  const zip = await steps.run('package', () => writePackage(draft, options, inputs.notices, steps, work))
  return {
    draft,
    zip,
    facts: {
      arch: base.arch,
      nodeVersion: base.version,
      ...(await findPackageFacts(draft, needs, zip, base.arch)),
      notes: [...notes, ...describePreparation(options, foundHosts)],
      foundHosts,
      initFailure,
      noHandler: program.noHandler,
      environmentRead: program.environmentRead,
      unanswered: program.unanswered ?? [],
    },
    isSettled: initFailure === undefined && (base.runner === undefined || program.notes.length === 0),
  }
}

/** What was asked for and has no effect, in a sentence each. */
function describePreparation({ init }: FunctionOptions, foundHosts: readonly string[]): string[] {
  const findsHosts = init.connect?.includes(FOUND_HOSTS) ?? false
  return [
    ...(findsHosts && foundHosts.length === 0 ? [NOTHING_FOUND] : []),
    ...(init.stub !== undefined && init.events.length === 0 ? [NOTHING_ASKED] : []),
  ]
}

interface AddedProgram {
  /** What makes it start slower than it might, in one sentence each. */
  readonly notes: readonly string[]
  /** Of the executable; undefined where that is in a layer. */
  readonly needs: LibraryNeeds | undefined
}

/** For the runtime in a layer. */
async function addScripts(program: ExecutableProgram, draft: PackageFolder): Promise<AddedProgram> {
  const own = Object.entries(program.assets).filter(([asset]) => !isOfRuntime(asset))
  await draft.addAssets(Object.fromEntries(own))
  return { notes: program.notes, needs: undefined }
}

interface ExecutableSource {
  readonly program: ExecutableProgram
  readonly initFailure: string | undefined
  /** An executable to share what is the same with. */
  readonly alike: string
  readonly draft: PackageFolder
}

async function addExecutable(
  { bundle, runtime, base, record }: BuildInputs,
  { program, initFailure, alike, draft: { executable } }: ExecutableSource,
  steps: BuildSteps,
  work: string,
): Promise<AddedProgram> {
  const made = await steps.run('executable', () => makeExecutable(program, base, join(work, 'parts')))
  const variants = await steps.run('read-ahead', () =>
    withReadAhead(
      made.bytes,
      executable,
      { base, runtime, kind: kindOfFunction(bundle.entry.code, program.assets) },
      program.cold,
      join(work, 'reference'),
    ),
  )
  const {
    bytes,
    selfTest,
    note: slowIfCold,
  } = await steps.run('self-test', () => writeExecutable(executable, variants, base.runner, alike))
  const notes = [
    ...base.notes,
    ...runtime.notes,
    ...made.notes,
    ...(selfTest ? explainSelfTest(selfTest, program.assets) : []),
    ...program.notes,
    slowIfCold,
  ].filter((note) => note !== undefined)
  const outcome = { initFailure, notes, handlers: program.handlers }
  await writeRecord(executable, bytes, withOutcome(record, bundle, outcome))
  return { notes, needs: libraryNeeds(bytes, executable) }
}

function makeProgram(
  { init }: FunctionOptions,
  source: ProgramSource,
  steps: BuildSteps,
): Promise<ExecutableProgram> {
  const [step, make] =
    init.at === 'build'
      ? (['init', makeInitialisedProgram] as const)
      : (['code cache', makeLoadedProgram] as const)
  return steps.run(step, () => withResponder(init.stub, (responder) => make({ ...source, responder })))
}

/** Resolves to the path of the zip, if there is to be one. */
async function writePackage(
  draft: PackageFolder,
  { compression, only }: FunctionOptions,
  notices: string,
  steps: BuildSteps,
  work: string,
): Promise<string | undefined> {
  await draft.complete(notices)
  if (only === 'folder') {
    return undefined
  }
  if (compression === 'small') {
    steps.notice('compressing as small as can be: some ten seconds, the first time with this Node.js')
  }
  const zip = join(work, 'package.zip')
  const onBytes =
    compression === 'small' ? await zipProgress(draft.files, (message) => steps.notice(message)) : undefined
  await writeZip(draft.files, zip, compression, onBytes)
  return zip
}
