/** The command line: finds the command, and turns what it throws into a sentence and an exit status. */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { LambdabinError } from './api/lambdabin-error.ts'
import { endNow, endWith } from './command-line/end.ts'
import { findFailureFile, tellFailure } from './command-line/failure-file.ts'
import type { COMMAND_HELP } from './command-line/help.ts'
import { checkHostSystem } from './command-line/host-system.ts'
import { endWithStarter } from './command-line/lifeline.ts'
import { keepStdout, writeAll } from './command-line/output.ts'
import { explainExit, explainStrayError } from './configuration/configuration-failure.ts'
import { remedyFor } from './configuration/nearest-name.ts'
import { UsageError } from './configuration/usage-error.ts'

type CommandName = keyof typeof COMMAND_HELP

/**
 * Each resolves to the exit status. Commands are loaded on demand: each brings much that the other does not
 * need. So are the texts of their help, which are made of all options.
 */
const COMMANDS: Readonly<Record<CommandName, (args: string[]) => Promise<number>>> = {
  init: async (args) => (await import('./command-line/init/init.ts')).initCommand(args),
  build: async (args) => (await import('./command-line/build/build.ts')).buildCommand(args),
  invoke: async (args) => (await import('./command-line/invoke/invoke.ts')).invokeCommand(args),
  serve: async (args) => (await import('./command-line/serve/serve.ts')).serveCommand(args),
  inspect: async (args) => (await import('./command-line/inspect/inspect.ts')).inspectCommand(args),
  layer: async (args) => (await import('./command-line/layer/layer.ts')).layerCommand(args),
  prefetch: async (args) => (await import('./command-line/prefetch/prefetch.ts')).prefetchCommand(args),
}

const EXIT_FAILURE = 1
const EXIT_USAGE = 2

findFailureFile()
endWithStarter()
process.on('uncaughtException', endFor)
await endWith(run(process.argv.slice(2)), report, explainExit)

function tell(message: string): void {
  process.stderr.write(`lambdabin: ${message}\n`)
  tellFailure(message)
}

/** Returns the exit status. */
function report(error: unknown): number {
  tell(describe(error))
  return isWrongUsage(error) ? EXIT_USAGE : EXIT_FAILURE
}

/**
 * Ends the command as Node.js would, at once and with status 1, but for what code of a configuration's has thrown after nobody could
 * catch it any more: that is a mistake in use.
 */
function endFor(error: unknown): never {
  const explained = explainStrayError(error)
  tell(describe(explained ?? error))
  endNow(explained === undefined ? EXIT_FAILURE : EXIT_USAGE)
}

async function run([name, ...args]: string[]): Promise<number> {
  if (name === '--help' || name === '-h' || name === 'help') {
    const { HELP } = await import('./command-line/help.ts')
    await writeAll(process.stdout, HELP)
    return 0
  }
  if (name === '--version') {
    await writeAll(process.stdout, `${readVersion()}\n`)
    return 0
  }
  const command = findCommand(name)
  if (isHelpAsked(args)) {
    const { COMMAND_HELP } = await import('./command-line/help.ts')
    await writeAll(process.stdout, COMMAND_HELP[command])
    return 0
  }
  checkHostSystem(command, process.platform)
  keepStdout()
  return COMMANDS[command](args)
}

function findCommand(name: string | undefined): CommandName {
  const names = Object.keys(COMMANDS)
  if (name === undefined) {
    const all = new Intl.ListFormat('en', { type: 'disjunction' }).format(names)
    throw new UsageError(`expected a command, ${all}; see lambdabin --help`)
  }
  if (isCommand(name)) {
    return name
  }
  const what = name.startsWith('-') ? 'option' : 'command'
  const remedy = remedyFor(name, [...names, '--help', '--version'], 'see lambdabin --help')
  throw new UsageError(`there is no ${what} ${name}; ${remedy}`)
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

/** Before `--` only: what follows it is never an option. */
function isHelpAsked(args: readonly string[]): boolean {
  const end = args.indexOf('--')
  const options = end === -1 ? args : args.slice(0, end)
  return options.includes('--help') || options.includes('-h')
}

function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version
}

function isWrongUsage(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof LambdabinError && error.code === 'USAGE')
}

/** A sentence for what a user can mend; the whole stack for what is a fault of lambdabin's own. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error)
  }
  if (error instanceof LambdabinError && error.code === 'UNEXPECTED') {
    return describe(error.cause)
  }
  return isMeantForUser(error) ? error.message : (error.stack ?? error.message)
}

function isMeantForUser(error: Error): boolean {
  return error instanceof LambdabinError || ('isMeantForUser' in error && error.isMeantForUser === true)
}
