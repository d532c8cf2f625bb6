/**
 * `lambdabin init`: writes what a project needs to begin with into a folder. It asks nothing, as all that it must know is in the folder, and
 * it overwrites nothing: a file that is there stays as it is, and of a package.json only what is missing is added.
 */
import { globSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, normalize, relative, resolve, sep } from 'node:path'
import process from 'node:process'
import { makeFolder } from '../../../bin/make-folder.js'
import { FunctionNameError, functionName } from '../../compiler/function-name.ts'
import { OWN_FOLDER } from '../../compiler/source-files.ts'
import { configuredFunctions } from '../../configuration/configured-functions.ts'
import { findConfiguration } from '../../configuration/find-configuration.ts'
import { loadConfiguration } from '../../configuration/load-configuration.ts'
import { UsageError, usageErrorFor } from '../../configuration/usage-error.ts'
import { readOptions } from '../options.ts'
import { writeAll } from '../output.ts'
import { foundFunctions } from './found-functions.ts'
import { completedManifest, type Manifest, readManifest } from './manifest.ts'
import { findPackageManager, type PackageManager } from './package-manager.ts'
import { CONFIGURATION_FILE, configurationText, type FunctionFiles, projectFiles } from './project-files.ts'
import { findTestRunner } from './test-runner.ts'

/** Where functions are looked for, and the first is written where there are none: the first that has some counts. */
const PATTERNS = ['src/functions/*.ts', 'src/*/index.ts']

/** What was done with a file. */
interface Outcome {
  readonly path: string
  readonly what: 'written' | 'completed' | 'kept as it is'
}

/** Resolves to the exit status. Throws a UsageError. */
export async function initCommand(args: string[]): Promise<number> {
  const { values, positionals } = readOptions('init', args, { name: { type: 'string' } })
  if (positionals.length > 1) {
    throw new UsageError(
      `init takes one folder, and ${positionals.length} were given; see lambdabin init --help`,
    )
  }
  const folder = resolve(positionals[0] ?? '.')
  const name = checkedName(values.name ?? 'hello')
  const own: Manifest = JSON.parse(await readFile(join(OWN_FOLDER, 'package.json'), 'utf8'))
  const manager = findPackageManager(folder, process.env)
  const before = await readManifest(folder)
  const functions = findFunctions(folder, name)
  findConfiguration(folder) // Which says, before anything is written, if there are several.
  const files = projectFiles({
    ...functions,
    tests: findTestRunner(before),
    isCommonJs: before?.type === 'commonjs',
  })
  const outcomes: Outcome[] = []
  try {
    for (const path of ['package.json', ...Object.keys(files)]) {
      await makeFolder(dirname(join(folder, path)))
    }
    for (const [path, text] of Object.entries(files)) {
      outcomes.push(await writeIfMissing(folder, path, text))
    }
    // After what can be deleted again: this may be completed. A folder with one is a project, which a configuration further up may be for.
    const manifest = await writeManifest(folder, before, own)
    if (!(await isConfigured(folder))) {
      outcomes.unshift(await writeIfMissing(folder, CONFIGURATION_FILE, configurationText(functions)))
    }
    outcomes.unshift(manifest)
  } catch (error) {
    const written = outcomes.filter(({ what }) => what === 'written')
    await Promise.all(written.map(({ path }) => rm(join(folder, path), { force: true })))
    throw explainUnwritable(error, folder)
  }
  await writeAll(process.stdout, report(outcomes, folder, manager, before))
  return 0
}

function checkedName(given: string): string {
  try {
    return functionName('index.ts', { given })
  } catch (error) {
    throw usageErrorFor(error, FunctionNameError)
  }
}

function explainUnwritable(error: unknown, folder: string): unknown {
  const { code, path = folder } = error as NodeJS.ErrnoException
  return code === undefined
    ? error
    : new UsageError(
        `init expects a folder that it can write a project into, and ${path} cannot be made or written (${code}); nothing was written: see what is there, or name another folder`,
        { cause: error },
      )
}

/** The pattern that holds, and the first function, unless there are functions already. */
function findFunctions(folder: string, name: string): FunctionFiles {
  const found = foundFunctions(folder)
  const paths = Object.values(found)
  // Where functions are elsewhere, what a pattern fits are other modules.
  const used = PATTERNS.find((pattern) => {
    const files = globSync(pattern, { cwd: folder })
    return files.length > 0 && (paths.length === 0 || paths.some((path) => files.includes(normalize(path))))
  })
  if (used !== undefined) {
    return { pattern: used }
  }
  if (paths.length > 0) {
    return { found }
  }
  const entry = `src/${name}/index.ts`
  return { pattern: 'src/*/index.ts', first: { name, entry } }
}

/**
 * Whether the folder, as it is now, has a configuration, or one further up finds functions in it. Another project's does not:
 * commands in the folder would take it for their own, and find none of what is there.
 */
async function isConfigured(folder: string): Promise<boolean> {
  const file = findConfiguration(folder)
  if (file === undefined || dirname(file) === folder) {
    return file !== undefined
  }
  try {
    const configuration = await loadConfiguration(file, folder, { command: 'init' })
    const functions = configuration === undefined ? [] : configuredFunctions(configuration)
    return functions.some(({ entry }) => entry.startsWith(folder + sep))
  } catch {
    return false // Whatever is the matter with it, it finds nothing here.
  }
}

async function writeManifest(folder: string, before: Manifest | undefined, own: Manifest): Promise<Outcome> {
  const path = 'package.json'
  const after = completedManifest(before, own, folder)
  if (after === undefined) {
    return { path, what: 'kept as it is' }
  }
  await writeFile(join(folder, path), after)
  return { path, what: before === undefined ? 'written' : 'completed' }
}

async function writeIfMissing(folder: string, path: string, text: string): Promise<Outcome> {
  try {
    await writeFile(join(folder, path), text, { flag: 'wx' })
    return { path, what: 'written' }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return { path, what: 'kept as it is' }
    }
    throw error
  }
}

function report(
  outcomes: readonly Outcome[],
  folder: string,
  { install, run }: PackageManager,
  before: Manifest | undefined,
): string {
  const lines = outcomes.map(({ path, what }) => `  ${path.padEnd(24)} ${what}\n`).join('')
  const place = relative(process.cwd(), folder)
  // A script of that name which the project had stays, and most often builds something else.
  const buildsFunctions = before?.scripts?.build?.includes('lambdabin') ?? true
  const build = buildsFunctions ? `${run} build` : 'npx lambdabin build'
  const steps = [...(place === '' ? [] : [`cd ${place}`]), install, build, `${run} test`]
  const old = process.env.LAMBDABIN_HANDED_OVER === undefined ? '' : OLD_NODE
  return `${lines}\nNext:\n\n${steps.map((step) => `  ${step}\n`).join('')}${old}`
}

/** The command brings its own Node.js where the machine's is older; the test runs on the machine's. */
const OLD_NODE =
  '\nThe test needs Node.js 22.19 or later, and this machine has an older one; the build does not.\n'
