/**
 * Initialises a function at build time (`--init build`), where that can be: its heap is to travel in the executable as a V8
 * startup snapshot, and not everything can be in one.
 *
 * What is run is the executable's main script itself, `build-time/snapshot-builder.ts`, by the Node.js that the executable is made
 * of, which writes the blob that is put into the executable. In a sandbox its paths are those of Lambda, whoever builds it.
 */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import { FILES, type InitReport, SNAPSHOT_FOLDER_VARIABLE, SNAPSHOT_MAIN } from '../../build-time/contract.ts'
import {
  CONNECT,
  FUNCTION,
  MODULES_OUTSIDE_SNAPSHOTS,
  PRIME,
  RUNTIME,
  scriptAsset,
} from '../../executable/format.ts'
import type { OpenSandbox } from '../../sandbox/sandbox.ts'
import type { Responder } from '../../stubs/responder.ts'
import { BuildError } from '../build-error.ts'
import { bundleSnapshotBuilder } from '../bundle/bundle-runtime.ts'
import { shownPath } from '../shown-path.ts'
import { readEvents } from '../text/byte-order-mark.ts'
import { onAbandon } from '../unfinished-work.ts'
import { openBuildSandbox, withoutSandbox } from './build-sandbox.ts'
import { ECHO_RUN, type FunctionRun, functionRun } from './code-caches.ts'
import { systemEnvironment } from './lambda-environment.ts'
import { explainLacking, explainProblems, REMEDY } from './snapshot/explain-init.ts'
import { readSnapshotFailure, type SnapshotFailure } from './snapshot/snapshot-failure.ts'
import { type CalledFunctions, findCalledFunctions } from './warm-up-run.ts'

/** The function cannot be initialised at build time. */
export class InitAtBuildError extends BuildError {
  override readonly name = 'InitAtBuildError'
}

export interface InitAtBuildOptions {
  /** Where the function comes from, for messages. */
  readonly entry: string
  readonly runtime: Buffer
  readonly code: Buffer
  /** What the executable has besides, by name; made of what a run of the sample events has shown. */
  readonly assets: (run: FunctionRun) => Promise<Readonly<Record<string, Buffer>>>
  readonly sourceMap: Buffer
  /** The Node.js binary that the executable is made of; it must run here. */
  readonly node: string
  /** What is shipped beside the executable. */
  readonly taskRoot: string
  /** A program for the build, which finds out what invocations call. */
  readonly warmUp: Buffer
  /** The handler setting to warm the function up with. */
  readonly handler: string
  /** Paths of JSON files. */
  readonly events: readonly string[]
  /** What answers the requests that the function makes of others for them. */
  readonly responder?: Responder | undefined
  /** Whether clients of the AWS SDK are to be primed. */
  readonly primesSdk: boolean
  /** A folder that is not there yet; it is needed until the executable is made. */
  readonly folder: string
}

export interface InitAtBuild {
  /** The executable's main script. */
  readonly main: Buffer
  /** What Node.js made of it: a SEA blob with the snapshot, and with the assets. */
  readonly blob: Buffer
  /** What to run it with. */
  readonly environment: NodeJS.ProcessEnv
  /** Names of the environment variables that the function read while it initialised. */
  readonly environmentRead: readonly string[]
  /** By name: what the executable has beside the snapshot. */
  readonly assets: Readonly<Record<string, Buffer>>
  /** What makes it start slower than it might, in one sentence each. */
  readonly notes: readonly string[]
}

/** A little more than the script gives the function, in milliseconds: enough to say so itself. */
const TIMEOUT_MS = 20_000

/**
 * Tells, as JSON, what the modules export that cannot be in a snapshot. Run by the Node.js that the executable is made of.
 */
const DESCRIBE_MODULES = `
const isPlain = (value) => value === null || typeof value !== 'object' || Array.isArray(value) ||
  [Object.prototype, null].includes(Object.getPrototypeOf(value))
const modules = {}
for (const name of [...require('node:module').builtinModules, 'sqlite'].map((id) => id.replace('node:', ''))) {
  if (!${MODULES_OUTSIDE_SNAPSHOTS}.test(name)) continue
  const module = process.getBuiltinModule('node:' + name)
  if (!module) continue
  const description = (modules[name] = { functions: [], objects: [], values: {} })
  for (const key of Object.getOwnPropertyNames(module)) {
    const value = module[key]
    if (typeof value === 'function') description.functions.push(key)
    else if (isPlain(value)) description.values[key] = value
    else description.objects.push(key)
  }
}
process.stdout.write(JSON.stringify(modules))
`

/** Rejects with an {@link InitAtBuildError} that says what the function does that cannot be in a snapshot. */
export async function initAtBuild(options: InitAtBuildOptions): Promise<InitAtBuild> {
  const { folder } = options
  await mkdir(folder, { recursive: true })
  const main = await bundleSnapshotBuilder()
  const called = await findFunctionsToCompile(options)
  const { functions, note } = called
  const assets = await options.assets(functionRun(options, called))
  const script = join(folder, SNAPSHOT_MAIN)
  await Promise.all([
    writeFile(script, main),
    writeFile(join(folder, scriptAsset(RUNTIME)), options.runtime),
    writeFile(join(folder, scriptAsset(FUNCTION)), options.code),
    ...Object.entries(assets).map(([name, content]) => writeFile(join(folder, name), content)),
    writeFile(join(folder, FILES.calledFunctions), JSON.stringify(functions)),
    writeFile(join(folder, FILES.deferredModules), await describeModules(options.node)),
  ])
  const kept = withoutCompiled(assets)
  const failure = await run(options, script, Object.keys(kept))
  const report: InitReport | undefined = await readFile(join(folder, FILES.report), 'utf8').then(
    (text) => JSON.parse(text),
    () => undefined,
  )
  if (report !== undefined && report.problems.length > 0) {
    throw new InitAtBuildError(explainProblems(report.problems, options))
  }
  if (failure?.isHeldOutside && report !== undefined && report.suspects.length > 0) {
    throw new InitAtBuildError(explainProblems(report.suspects, options))
  }
  if (failure !== undefined || report === undefined) {
    throw new InitAtBuildError(
      `${shownPath(options.entry)} cannot be initialised at build time: ${failure?.how ?? 'it ended its process'}; ${REMEDY}`,
    )
  }
  const environment = initEnvironment(withoutSandbox(options.taskRoot), folder)
  return {
    main,
    blob: await readFile(join(folder, BLOB)),
    environment,
    environmentRead: report.environmentRead,
    assets: kept,
    notes: [
      ...report.notes,
      ...explainLacking(report.lacking, options),
      ...(note === undefined ? [] : [note]),
    ],
  }
}

/** Without the scripts that are in the snapshot, compiled. */
function withoutCompiled(assets: Readonly<Record<string, Buffer>>): Readonly<Record<string, Buffer>> {
  const { [scriptAsset(PRIME)]: _prime, [scriptAsset(CONNECT)]: _connect, ...others } = assets
  return others
}

/**
 * Those of the runtime, as for any function, and those of the function that its sample events lead to. A function without events has no invocation
 * in the build, and its runtime is to have handled some.
 */
async function findFunctionsToCompile({
  warmUp,
  runtime,
  code,
  node,
  taskRoot,
  folder,
  primesSdk,
  ...options
}: InitAtBuildOptions): Promise<CalledFunctions> {
  const common = { warmUp, runtime, runner: [], node, nodeOptions: [], taskRoot }
  const echo = findCalledFunctions({ ...common, ...ECHO_RUN, folder: join(folder, 'warm-up') })
  const events = await readEvents(options.events)
  if (events.length === 0 && !primesSdk) {
    return echo
  }
  const { handler, responder } = options
  const own = await findCalledFunctions({
    ...common,
    ...{ chunks: [code] as const, handler, events, responder, primesSdk },
    folder: join(folder, 'own-warm-up'),
  })
  const ofRuntime = [await echo, own].flatMap(({ functions }) => functions[RUNTIME] ?? [])
  return { ...own, functions: { ...own.functions, [RUNTIME]: ofRuntime } }
}

/** Nothing of this machine's, and nothing that Lambda would set otherwise: what is not there cannot be kept. */
function initEnvironment(sandbox: OpenSandbox, folder: string): NodeJS.ProcessEnv {
  const { PATH, LANG, TZ, HOME } = systemEnvironment(sandbox)
  return {
    ...{ PATH, LANG, TZ, HOME },
    LAMBDA_TASK_ROOT: sandbox.taskRoot,
    [SNAPSHOT_FOLDER_VARIABLE]: sandbox.seen(folder),
  }
}

async function describeModules(node: string): Promise<string> {
  const { stdout } = await promisify(execFile)(node, ['--no-warnings', '-e', DESCRIBE_MODULES], {
    env: {},
    timeout: TIMEOUT_MS,
    maxBuffer: 1 << 24,
  })
  return stdout
}

/** Resolves to how the process failed; undefined when it did not. */
async function run(
  { node, folder, taskRoot }: InitAtBuildOptions,
  script: string,
  assets: readonly string[],
): Promise<SnapshotFailure | undefined> {
  const sandbox = await openBuildSandbox({ taskRoot, folder, node, programFolder: folder })
  // Not `sandbox.environment`: what Node.js preloads would be in the snapshot. Packages are out of reach anyway, as the
  // program loads none.
  const env = initEnvironment(sandbox, folder)
  const config = join(folder, 'sea-config.json')
  await writeFile(config, JSON.stringify(seaConfig(sandbox, folder, script, assets)))
  const words = ['--no-warnings', '--experimental-sea-config', sandbox.seen(config)]
  const { command, parameters, cwd } = sandbox.command(sandbox.seen(node), words)
  return new Promise((resolve) => {
    const options = {
      cwd,
      env,
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: 1 << 24,
    } as const
    const child = execFile(command, parameters, options, (error, _stdout, stderr) => {
      finished()
      sandbox.close()
      if (error === null) {
        resolve(undefined)
      } else if (error.killed) {
        resolve({ how: `it does not finish within ${TIMEOUT_MS / 1000} s`, isHeldOutside: false })
      } else {
        resolve(readSnapshotFailure(stderr, `exit status ${error.code ?? child.signalCode}`))
      }
    })
    const finished = onAbandon(() => child.kill('SIGKILL'))
  })
}

const BLOB = 'snapshot.blob'

/** As pkg has it for its executables. */
function seaConfig(sandbox: OpenSandbox, folder: string, script: string, assets: readonly string[]): object {
  const seen = (name: string) => sandbox.seen(join(folder, name))
  return {
    main: sandbox.seen(script),
    output: seen(BLOB),
    disableExperimentalSEAWarning: true,
    useSnapshot: true,
    useCodeCache: false,
    assets: Object.fromEntries(assets.map((name) => [name, seen(name)])),
  }
}

/** Throws an {@link InitAtBuildError} unless the Node.js that the executable is for runs here by itself. */
export function refuseForeignTarget(arch: string, runner: readonly string[] | undefined): void {
  if (runner !== undefined && runner.length === 0) {
    return
  }
  throw new InitAtBuildError(
    `--init build runs the function on the Node.js that it is for, on Linux on ${arch}, and this machine is ${process.platform} on ${process.arch}; ` +
      `build it on ${arch}, or without --init build`,
  )
}
