/**
 * `lambdabin build --docker`: the same build in a container of lambdabin's own image, for who has no Linux or wants what
 * runs on Lambda's oldest. The project is there at its own path, not to be written to; the folder for the results is.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import process from 'node:process'
import type { PlannedBuild } from '../../api/build.ts'
import type { BundleOptions } from '../../compiler/bundle/bundle-function.ts'
import type { FunctionOptions } from '../../compiler/function-options.ts'
import { JSON_PATHS, type jsonReport } from '../build/build-report.ts'
import { builderImage } from './builder-image.ts'
import { containerArguments } from './container-arguments.ts'
import { type ContainerEngine, findEngine } from './container-engine.ts'
import { containerPath, hostPath } from './container-paths.ts'
import { runContainer } from './container-run.ts'
import { type NetworkSettings, networkSettings } from './network-settings.ts'
import { foldersToMount } from './project-folders.ts'
import { checkOutDir, makeWritablePlaces, type WritablePlaces } from './writable-places.ts'

/** Where the image looks for the user's settings of npm, and for certificates: see scripts/docker/. */
const NPM_SETTINGS = '/lambdabin/user.npmrc'
const CERTIFICATES = '/lambdabin/extra-ca-certificates.pem'

/**
 * Does `planned`, which is what `args`, the arguments of `build`, say. Resolves to the exit status; rejects with a
 * BuildError or a UsageError when there can be no container.
 */
export async function buildInContainer(
  args: readonly string[],
  { functions, files }: PlannedBuild,
): Promise<number> {
  const cwd = process.cwd()
  const outDir = functions[0]?.outDir ?? cwd
  checkOutDir(outDir, cwd)
  const folders = foldersToMount([cwd, ...functions.flatMap(filesOf)])
  const engine = findEngine()
  const network = networkSettings(cwd)
  Object.assign(process.env, network.variables)
  const image = await builderImage(engine, {
    variables: network.ofImage,
    certificates: network.certificates,
    options: network.options,
  })
  const places = await makeWritablePlaces(outDir, files)
  const name = `lambdabin-${randomBytes(6).toString('hex')}`
  const parameters = runParameters({ engine, image, folders, places, network, args })
  const change = process.platform === 'win32' ? withHostPaths : undefined
  const { status, asked } = await runContainer(engine, name, parameters, change).finally(places.removeEmpty)
  if (asked !== undefined) {
    process.kill(process.pid, asked)
  }
  return status
}

/** What is built from: absolute paths. What is not there is for the build to refuse. */
export function filesOf({ entry, init, include, target, bundle }: FunctionOptions): string[] {
  return [
    ...[entry, include.root, ...include.paths.map((path) => resolve(include.root, path))],
    ...[...init.events, init.stub?.file, target.nodePath, ...filesOfEsbuild(bundle.esbuild)],
  ]
    .filter((file) => file !== undefined)
    .map((file) => resolve(file))
    .filter((file) => existsSync(file))
}

function filesOfEsbuild({
  alias = {},
  inject = [],
  nodePaths = [],
  tsconfig,
}: NonNullable<BundleOptions['esbuild']> = {}): string[] {
  const aliased = Object.values(alias).filter((target) => isAbsolute(target))
  return [...aliased, ...inject, ...nodePaths, ...(tsconfig === undefined ? [] : [tsconfig])]
}

interface Run {
  readonly engine: ContainerEngine
  readonly image: string
  readonly folders: readonly string[]
  readonly places: WritablePlaces
  readonly network: NetworkSettings
  /** The arguments of `build`. */
  readonly args: readonly string[]
}

/** The engine's words for {@link runContainer}. */
function runParameters({ engine, image, folders, places, network, args }: Run): string[] {
  const { outDir, files } = places
  const mounts = [
    ...folders.filter((folder) => folder !== outDir).map((folder) => bind(folder, true)),
    ...[outDir, ...files].map((place) => bind(place, false)),
    mount({ type: 'volume', source: 'lambdabin-cache', target: '/lambdabin/cache' }),
    ...(network.npmSettings ? [bind(network.npmSettings, true, NPM_SETTINGS)] : []),
    ...(network.certificates ? [bind(network.certificates, true, CERTIFICATES)] : []),
  ]
  return [
    ...['--platform', 'linux/amd64'],
    // Podman's needs a program that is not always installed; the image's own first process does without.
    ...(engine.isPodman ? [] : ['--init']),
    // Folders keep the labels that SELinux knows them by.
    ...['--security-opt', 'label=disable', ...network.options],
    ...['--workdir', containerPath(process.cwd()), ...mounts.flatMap((value) => ['--mount', value])],
    ...['--env', `LAMBDABIN_OWNED_LIKE=${containerPath(outDir)}`],
    ...(network.certificates ? ['--env', `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`] : []),
    ...Object.keys(network.variables).flatMap((variable) => ['--env', variable]),
    ...[image, 'build', ...containerArguments(args)],
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

/** `--json`'s object with this computer's paths. */
export function withHostPaths(text: string, platform: NodeJS.Platform = process.platform): string {
  try {
    const report: ReturnType<typeof jsonReport> = JSON.parse(text)
    const functions = report.functions.map((built) => ({
      ...built,
      ...Object.fromEntries(
        JSON_PATHS.map((name) => {
          const path = built[name]
          return [name, path === null ? null : hostPath(path, platform)]
        }),
      ),
    }))
    return `${JSON.stringify({ ...report, functions }, undefined, 2)}\n`
  } catch {
    return text
  }
}
