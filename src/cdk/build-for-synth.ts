/**
 * Builds functions, and the layer of their runtime, while an AWS CDK app is synthesised. Constructs are made
 * synchronously, so this runs the command and waits for it.
 *
 * What is built is kept in `.lambdabin/cdk` of the project: the next synthesis finds there what has not changed.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { FUNCTION_OPTIONS } from '../configuration/build-options.ts'
import type { ESBUILD_OPTIONS } from '../configuration/esbuild-options.ts'
import { flagOf, type Written } from '../configuration/option.ts'
import type { VARIABLE_OPTIONS } from '../configuration/run-options.ts'
import { UsageError } from '../configuration/usage-error.ts'

/** Options of `lambdabin build`, in camel case: `{ external: ['sharp'] }` is `--external sharp`. */
export type SynthBuildOptions = Omit<
  Written<typeof FUNCTION_OPTIONS> & Written<typeof VARIABLE_OPTIONS>,
  'arch'
> & {
  /** esbuild's own, by its own names, but for plugins: those are given in a configuration. */
  readonly esbuild?: Omit<Written<typeof ESBUILD_OPTIONS>, 'plugins'> | undefined
}

/** Options of `lambdabin layer`, in camel case. */
export type SynthLayerOptions = Pick<SynthBuildOptions, 'node' | 'intl' | 'zip'>

export interface SynthBuild {
  /** The name of a configured function, or the path of an entry. */
  readonly entry: string
  /** Absolute: the folder that paths are relative to. */
  readonly projectRoot: string
  readonly arch: 'x64' | 'arm64' | undefined
  readonly options: SynthBuildOptions
}

/** As `build --json` tells it. */
export interface BuiltForSynth {
  readonly name: string
  readonly arch: 'x64' | 'arm64'
  /** Absolute path. */
  readonly zip: string
  /** SHA-256 of the zip, base64. */
  readonly CodeSha256: string
  /** Handler settings that find a function; null where that is not known. */
  readonly handlers: readonly string[] | null
}

/** As src/command-line/failure-file.ts has it: where the command says why it failed. */
const FAILURE_FILE = 'LAMBDABIN_FAILURE_FILE'

/** As src/command-line/build/newer-node.ts has it: a newer Node.js is told of once in a synthesis, not with each function. */
const NEWER_NODE_TOLD = 'LAMBDABIN_NEWER_NODE_TOLD'
let hasBuilt = false

const COMMAND = fileURLToPath(new URL('../../bin/lambdabin.js', import.meta.url))

/** Throws when the function cannot be built; what the build says of it has been on stderr. */
export function buildForSynth({ entry, projectRoot, arch, options }: SynthBuild): BuiltForSynth {
  const words = [entry, ...archWords(arch), ...wordsOf(options), '--only', 'zip']
  return madeOnce(`build ${entry}`, projectRoot, ['build', ...words], ({ functions: [made] }) => {
    hasBuilt = true
    return made
  })
}

export interface SynthLayer extends Pick<SynthBuild, 'projectRoot' | 'arch'> {
  readonly options: SynthLayerOptions
}

/** As `layer --json` tells it. */
export type BuiltLayerForSynth = Pick<BuiltForSynth, 'arch' | 'zip' | 'CodeSha256'>

/** Throws when the layer cannot be built; what the build says of it has been on stderr. */
export function buildLayerForSynth({ projectRoot, arch, options }: SynthLayer): BuiltLayerForSynth {
  const words = [...archWords(arch), ...wordsOf(options)]
  return madeOnce('make the layer', projectRoot, ['layer', ...words], ({ layer }) => layer)
}

/** What this process has made, by what was asked for: constructs that want the same share it. */
const made = new Map<string, unknown>()

/** `what`: what lambdabin is to do, for an error; `words`: the command's; `read` takes what is made from what it prints. */
function madeOnce<Made>(
  what: string,
  projectRoot: string,
  words: readonly string[],
  // biome-ignore lint/suspicious/noExplicitAny: it is JSON of this package's own command
  read: (printed: any) => Made,
): Made {
  const key = JSON.stringify([projectRoot, words])
  const folder = createHash('sha256').update(key).digest('hex').slice(0, 12)
  const outDir = join(projectRoot, '.lambdabin', 'cdk', folder)
  if (!made.has(key)) {
    made.set(key, read(JSON.parse(runCommand([...words, '--out-dir', outDir, '--json'], projectRoot, what))))
  }
  return made.get(key) as Made
}

/** Returns what it prints. */
function runCommand(words: readonly string[], cwd: string, what: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-cdk-'))
  try {
    return runCommandIn(folder, words, cwd, what)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runCommandIn(folder: string, words: readonly string[], cwd: string, what: string): string {
  const failure = join(folder, 'failure')
  const { status, signal, stdout, error } = spawnSync(process.execPath, ['--', COMMAND, ...words], {
    cwd,
    env: {
      ...ownEnvironment(),
      [FAILURE_FILE]: failure,
      ...(hasBuilt && { [NEWER_NODE_TOLD]: '1' }),
    },
    // What the app writes to stdout is no concern of the CDK's; it shows what comes on stderr.
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  })
  if (error !== undefined || status !== 0) {
    const told = existsSync(failure) ? readFileSync(failure, 'utf8') : undefined
    const how = error?.message ?? signal ?? `exit status ${status}`
    throw new Error(
      told === undefined
        ? `lambdabin could not ${what} (${how}); what it says is above`
        : `lambdabin could not ${what} (${how}): ${told}`,
      { cause: error },
    )
  }
  return stdout
}

function archWords(arch: SynthBuild['arch']): string[] {
  return arch === undefined ? [] : ['--arch', arch]
}

/** Without what a loader of the app's language adds to each Node.js: the command needs none. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env
  return env
}

/** Options as the command line has them. Throws a {@link UsageError} for what it has no words for. */
function wordsOf(options: object): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const option = `--${flagOf(key)}`
    if (value === undefined) {
      return []
    }
    if (key === 'esbuild') {
      return wordsOf(value)
    }
    if (key === 'plugins') {
      throw new UsageError(
        'build.esbuild.plugins cannot be given to a construct, which builds in a process of its own; give them in lambdabin.config.ts, under esbuild',
      )
    }
    if (typeof value === 'boolean') {
      return [value ? option : `--no-${flagOf(key)}`]
    }
    if (key === 'tsconfigRaw') {
      return [`${option}=${typeof value === 'string' ? value : JSON.stringify(value)}`]
    }
    if (typeof value === 'object' && !Array.isArray(value)) {
      return Object.entries(value ?? {}).map(([name, each]) => `${option}=${name}=${each}`)
    }
    return [value].flat().map((word) => `${option}=${word}`)
  })
}
