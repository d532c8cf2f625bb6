/**
 * `lambdabin build --docker`: the same build in a container of lambdabin's own image, for who has no Linux or wants what
 * runs on Lambda's oldest. The project is there at its own path, not to be written to; the folder for the results is.
 */
import { randomBytes } from 'node:crypto'
import { rmdirSync } from 'node:fs'
import { resolve } from 'node:path'
import process from 'node:process'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { makeFolder } from '../../../bin/make-folder.js'
import type { FunctionOptions } from '../../compiler/function-options.ts'
import { OutDirError } from '../../compiler/work-folder.ts'
import { UsageError } from '../../configuration/usage-error.ts'
import { BUILD_WORDS } from '../build/build-arguments.ts'
import { builderImage } from './builder-image.ts'
import { type ContainerEngine, findEngine } from './container-engine.ts'
import { containerArgument, containerPath, hostPath } from './container-paths.ts'
import { runContainer } from './container-run.ts'
import { type NetworkSettings, networkSettings } from './network-settings.ts'
import { foldersToMount, isInside } from './project-folders.ts'

/** Options that name a file or folder. */
const PATH_OPTIONS = [
  'out-dir',
  'into',
  'node',
  'include',
  'event',
  'config',
  'tsconfig',
  'inject',
  'node-paths',
]

/** Where the image looks for the user's settings of npm, and for certificates: see scripts/docker/. */
const NPM_SETTINGS = '/lambdabin/user.npmrc'
const CERTIFICATES = '/lambdabin/extra-ca-certificates.pem'

/**
 * Builds `functions`, which are what `args`, the arguments of `build`, say. Resolves to the exit status; rejects with a
 * BuildError or a UsageError when there can be no container.
 */
export async function buildInContainer(
  args: readonly string[],
  functions: readonly FunctionOptions[],
): Promise<number> {
  const cwd = process.cwd()
  const outDir = functions[0]?.outDir ?? cwd
  const folders = foldersToMount([cwd, ...functions.flatMap(filesOf)])
  const engine = findEngine()
  const network = networkSettings(cwd)
  Object.assign(process.env, network.variables)
  const image = await builderImage(engine, {
    variables: network.ofImage,
    certificates: network.certificates,
    options: network.options,
  })
  const made = await makeOutDir(outDir)
  const build = containerArguments(args, BUILD_WORDS)
  const parameters = runParameters({ engine, image, folders, outDir, network, build })
  const change = process.platform === 'win32' ? withHostPaths : undefined
  const { status, asked } = await runContainer(engine, parameters, change).finally(() => {
    if (made) {
      deleteEmpty(outDir)
    }
  })
  if (asked !== undefined) {
    process.kill(process.pid, asked)
  }
  return status
}

/** What is built from: absolute paths. */
function filesOf({ entry, init, include, target }: FunctionOptions): string[] {
  const { nodePath } = target
  return [
    ...[entry, include.root, ...init.events, ...include.paths.map((path) => resolve(include.root, path))],
    ...(nodePath === undefined ? [] : [resolve(nodePath)]),
  ]
}

interface Run {
  readonly engine: ContainerEngine
  readonly image: string
  readonly folders: readonly string[]
  readonly outDir: string
  readonly network: NetworkSettings
  /** The arguments of `build`, as the container is to have them. */
  readonly build: readonly string[]
}

/** The engine's words for {@link runContainer}. */
function runParameters({ engine, image, folders, outDir, network, build }: Run): string[] {
  const name = `lambdabin-${randomBytes(6).toString('hex')}`
  const mounts = [
    ...folders.filter((folder) => folder !== outDir).map((folder) => bind(folder, true)),
    bind(outDir, false),
    mount({ type: 'volume', source: 'lambdabin-cache', target: '/lambdabin/cache' }),
    ...(network.npmSettings ? [bind(network.npmSettings, true, NPM_SETTINGS)] : []),
    ...(network.certificates ? [bind(network.certificates, true, CERTIFICATES)] : []),
  ]
  return [
    ...['run', '--rm', '--name', name, '--platform', 'linux/amd64'],
    // Podman's needs a program that is not always installed; the image's own first process does without.
    ...(engine.isPodman ? [] : ['--init']),
    // Folders keep the labels that SELinux knows them by.
    ...['--security-opt', 'label=disable', ...network.options],
    ...['--workdir', containerPath(process.cwd()), ...mounts.flatMap((value) => ['--mount', value])],
    ...['--env', `LAMBDABIN_OWNED_LIKE=${containerPath(outDir)}`],
    ...(network.certificates ? ['--env', `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`] : []),
    ...Object.keys(network.variables).flatMap((variable) => ['--env', variable]),
    ...[image, 'build', ...build],
  ]
}

function bind(source: string, readonly: boolean, target = containerPath(source)): string {
  return mount({ type: 'bind', source, target, ...(readonly ? { readonly: 'true' } : {}) })
}

/** Fields as CSV has them: a path may hold a comma. */
function mount(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .map((field) => (/[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(',')
}

/** All that was given but `--docker`, paths as the container has them. */
export function containerArguments(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
  platform: NodeJS.Platform = process.platform,
): string[] {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  })
  return tokens.flatMap((token) => {
    if (token.kind === 'option-terminator') {
      return ['--']
    }
    if (token.kind === 'positional') {
      return [containerArgument(token.value, platform)]
    }
    if (token.name === 'docker') {
      return []
    }
    if (token.value === undefined) {
      return [token.rawName]
    }
    const isPath = PATH_OPTIONS.includes(token.name)
    return [`${token.rawName}=${isPath ? containerArgument(token.value, platform) : token.value}`]
  })
}

/** Whether it was not there. Docker would make it, but as root's. */
async function makeOutDir(folder: string): Promise<boolean> {
  if (isInside(process.cwd(), folder) && folder !== process.cwd()) {
    throw new UsageError(
      `--docker expects an --out-dir that does not hold the project, and got ${folder}; give a folder in it, or beside it`,
    )
  }
  try {
    return (await makeFolder(folder)) !== undefined
  } catch (error) {
    throw new OutDirError(
      `--out-dir expects a folder that can be written to, and ${folder} is none; give another with --out-dir`,
      { cause: error },
    )
  }
}

function deleteEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // It has what was built, or somebody else's files.
  }
}

/** `--json`'s object with this computer's paths. */
function withHostPaths(text: string): string {
  try {
    const report = JSON.parse(text)
    for (const built of report.functions) {
      for (const name of ['entry', 'zip', 'folder']) {
        built[name] = hostPath(built[name])
      }
    }
    return `${JSON.stringify(report, undefined, 2)}\n`
  } catch {
    return text
  }
}
