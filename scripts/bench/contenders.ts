/** What is compared: each runtime with each function, built and started the way its makers publish. */

import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { PRIMING_SETTINGS_ASSET, SMALL_VARIABLE } from '../../src/executable/format.ts'
import { installAwsClient } from '../aws-client.ts'
import type { AwsEndpoint } from './first-call/aws-endpoint.ts'
import {
  BUN,
  checkAwsClientTools,
  compileNim,
  DENO,
  installNpmProgram,
  NODE,
  PeerMissingError,
} from './peer-programs.ts'
import type { ComparedFunction, FunctionName } from './results.ts'
import { compileC, type Runtime } from './runtime-api-server.ts'

export interface Contender extends Runtime {
  readonly function: FunctionName
  readonly id: string
  readonly name: string
  readonly note: string
  /** The files and folders that would be uploaded, the program first; zips that are already there instead. */
  readonly shipped: readonly string[] | Zipped
}

interface Zipped {
  readonly executable: string
  readonly zips: readonly string[]
  /** Folders in the task root with what else is read as it starts. */
  readonly scripts?: readonly string[]
}

/** How a contender comes to be: in a folder of its own, for one function. Throws a PeerMissingError where it cannot. */
interface Recipe {
  readonly id: string
  readonly name: string
  readonly note: string
  readonly functions: readonly ComparedFunction[]
  readonly prepare: (given: Given) => Promise<Prepared> | Prepared
}

interface Given {
  readonly folder: string
  readonly function: ComparedFunction
  /** The node binary for peers: a copy, because the page cache keeps what a running program has mapped. */
  readonly node: string
  /** What the function that calls AWS calls. */
  readonly endpoint: AwsEndpoint | undefined
}

export type Prepared = Pick<Contender, 'command' | 'shipped'> & { readonly env?: Record<string, string> }

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const LAMBDABIN = here('../../bin/lambdabin.js')
/** JSON, given at every invocation. */
export const EVENTS: Record<ComparedFunction, string> = {
  echo: '{"text":"Hello"}',
  sdk: JSON.stringify(JSON.parse(readFileSync(here('./functions/sdk-event.json'), 'utf8'))),
  'get-item': '{"id":"o-1842"}',
}
/** As they are for lambdabin, and for the others, whose context has no `deadlineMs`. */
const AWS_SOURCES = { sdk: here('./functions/sdk.ts'), 'get-item': here('./functions/get-item.ts') }
const OWN_SOURCES = { echo: here('../../src/functions/echo.ts'), ...AWS_SOURCES }
const PEER_SOURCES = { echo: here('./peers/echo.mjs'), ...AWS_SOURCES }

/** What answers the function that calls AWS while it is built. */
const STUBBED = [
  ...['--event', here('./functions/get-item-event.json')],
  ...['--stub', here('./functions/get-item-stubs.yaml')],
]

export const RECIPES: readonly Recipe[] = [
  {
    id: 'lambdabin',
    name: 'lambdabin',
    note: '`lambdabin build`, with no options',
    functions: ['echo', 'sdk', 'get-item'],
    prepare: (given) => lambdabin(given, []),
  },
  {
    id: 'lambdabin-event',
    name: 'lambdabin --event',
    note: 'with an event to make the code cache with',
    functions: ['sdk'],
    prepare: (given) => lambdabin(given, ['--event', here('./functions/sdk-event.json')]),
  },
  {
    id: 'lambdabin-init',
    name: 'lambdabin --init build',
    note: 'with the module initialised at build time',
    functions: ['echo', 'sdk', 'get-item'],
    prepare: (given) => lambdabinWithOption(given, '--init', 'build'),
  },
  {
    id: 'lambdabin-init-event',
    name: 'lambdabin --init build --event',
    note: 'with an event to find out with what invocations call',
    functions: ['sdk'],
    prepare: (given) =>
      lambdabinWithOption(given, '--init', 'build', ['--event', here('./functions/sdk-event.json')]),
  },
  {
    id: 'lambdabin-stub',
    name: 'lambdabin --event --stub',
    note: 'with an event to make the code cache with, and what answers its request',
    functions: ['get-item'],
    prepare: (given) => lambdabin(given, STUBBED),
  },
  {
    id: 'lambdabin-rehearse',
    name: 'lambdabin --event --stub --rehearse',
    note: 'with the handler called once in the init phase, answered in the process',
    functions: ['get-item'],
    prepare: (given) => lambdabin(given, [...STUBBED, '--rehearse']),
  },
  {
    id: 'lambdabin-connect',
    name: 'lambdabin --event --stub --rehearse --connect',
    note: 'and with the connection to the stub of AWS opened in the init phase',
    functions: ['get-item'],
    prepare: (given) => lambdabinConnecting(given, [...STUBBED, '--rehearse']),
  },
  {
    id: 'lambdabin-init-stub',
    name: 'lambdabin --init build --event --stub --rehearse',
    note: 'the same with the module initialised at build time',
    functions: ['get-item'],
    prepare: (given) => lambdabinWithOption(given, '--init', 'build', [...STUBBED, '--rehearse']),
  },
  {
    id: 'lambdabin-layer',
    name: 'lambdabin --for-layer',
    note: 'the function alone, and the runtime of `lambdabin layer`; the size is that of both zips',
    functions: ['echo', 'sdk'],
    prepare: lambdabinOfLayer,
  },
  {
    id: 'lambdabin-intl',
    name: 'lambdabin --intl en',
    note: 'with the locale data of English alone',
    functions: ['echo'],
    prepare: (given) => lambdabinWithOption(given, '--intl', 'en'),
  },
  {
    id: 'aws-lambda-ric',
    name: 'aws-lambda-ric 4',
    note: "AWS's client from npm, on Node.js as it is published; the function is a minified esbuild bundle in CommonJS. The managed runtime has the first two on board; the sizes are of what one would upload for `provided.al2023`",
    functions: ['echo', 'sdk', 'get-item'],
    prepare: ({ folder, function: name, node }) => bundleForAwsLambdaRic(PEER_SOURCES[name], folder, node),
  },
  {
    id: 'node-http',
    name: 'plain node:http',
    note: 'a loop over `node:http` with one kept-alive connection, bundled with the function, on the same Node.js',
    functions: ['echo', 'sdk', 'get-item'],
    prepare: nodeHttp,
  },
  {
    id: 'bun',
    name: 'Bun compiled',
    note: "`bun build --compile --minify`, with a loop over `fetch`, as Bun's own package for Lambda has it",
    functions: ['echo', 'sdk'],
    prepare: (given) => bun(given, 'fetch-loop', ['--minify']),
  },
  {
    id: 'bun-bytecode',
    name: 'Bun compiled, --bytecode',
    note: 'the same with `--bytecode`',
    functions: ['echo', 'sdk', 'get-item'],
    prepare: (given) => bun(given, 'fetch-loop', ['--minify', '--bytecode', '--format=esm']),
  },
  {
    id: 'bun-socket',
    name: 'Bun, --bytecode, bare socket',
    note: 'the same with a loop over `Bun.connect` that reads HTTP only as far as this needs: no published runtime, but what Bun has left beside its `fetch`',
    functions: ['echo'],
    prepare: (given) => bun(given, 'bun-socket', ['--minify', '--bytecode', '--format=esm']),
  },
  {
    id: 'deno',
    name: 'Deno',
    note: "`deno run --cached-only` of a minified bundle, with the caches of `DENO_DIR` filled before, as Deno's manual says for Lambda; the same loop over `fetch`",
    functions: ['echo', 'sdk'],
    prepare: deno,
  },
  {
    id: 'nim',
    name: "the article's, in Nim",
    note: "the article's program, `nim c -d:release`. Its client sends headers and body in two packets with Nagle's algorithm on, so each invocation waits for a delayed acknowledgement",
    functions: ['echo'],
    prepare: nim,
  },
  {
    id: 'c',
    name: 'C, bare socket',
    note: "a blocking loop over one socket that answers `null`: what the benchmark's own side takes, and no runtime",
    functions: ['echo'],
    prepare: bareC,
  },
]

/** Makes one contender, in a folder below that which is given. */
export async function prepareContender(recipe: Recipe, given: Given): Promise<Contender> {
  const { folder, function: name, endpoint } = given
  const own = join(folder, `${name}-${recipe.id}`)
  mkdirSync(own)
  const { env, ...prepared } = await recipe.prepare({ ...given, folder: own })
  return {
    id: recipe.id,
    name: recipe.name,
    note: recipe.note,
    function: name,
    ...prepared,
    env: { ...lambdaVariables(name), ...(name === 'get-item' && endpoint?.env), ...env },
    cwd: own,
    event: EVENTS[name],
  }
}

/** A copy of the published Node.js in `folder`, for the peers on Node.js. */
export function copyOfNode(folder: string): string {
  const node = join(folder, 'node')
  copyFileSync(NODE, node)
  return node
}

/** Builds `entry` into `folder`, with a code cache as always. `command`: the lambdabin to build with, which is this one. */
export function buildWithLambdabin(
  entry: string,
  folder: string,
  options: readonly string[],
  command = LAMBDABIN,
): Prepared {
  const args = [command, 'build', entry, '--out-dir', folder, '--name', 'function', ...options]
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 2] })
  const executable = join(folder, 'function', 'function')
  return {
    command: [executable],
    shipped: { executable, zips: [join(folder, 'function.zip')] },
    env: { _HANDLER: 'function', LAMBDA_TASK_ROOT: dirname(executable) },
  }
}

function lambdabin({ folder, function: name }: Given, options: readonly string[]): Prepared {
  return buildWithLambdabin(OWN_SOURCES[name], folder, options)
}

function lambdabinConnecting(given: Given, options: readonly string[]): Prepared {
  const { endpoint } = given
  if (endpoint === undefined) {
    throw new PeerMissingError('there is nobody to connect to')
  }
  return lambdabin(given, [...options, '--connect', new URL(endpoint.url).host])
}

/**
 * The layer is where it was made: what unpacks it to `/opt` on Lambda does nothing else. As of the others, the executable is started
 * without `bootstrap`, and with what that tells it.
 */
function lambdabinOfLayer({ folder, function: name }: Given): Prepared {
  execFileSync(process.execPath, [LAMBDABIN, 'layer', '--out-dir', folder], {
    stdio: ['ignore', 'ignore', 2],
  })
  const { env } = buildWithLambdabin(OWN_SOURCES[name], folder, ['--for-layer'])
  const executable = join(folder, 'layer/lambdabin/runtime')
  const told = existsSync(join(folder, 'function/function', PRIMING_SETTINGS_ASSET))
    ? undefined
    : { [SMALL_VARIABLE]: '1' }
  return {
    command: [executable],
    shipped: {
      executable,
      zips: ['function.zip', 'layer.zip'].map((zip) => join(folder, zip)),
      scripts: [join(folder, 'function/function')],
    },
    ...((env ?? told) && { env: { ...env, ...told } }),
  }
}

/** With an option that not every lambdabin has, and that not every function can be built with. */
function lambdabinWithOption(
  given: Given,
  option: '--init' | '--intl',
  value: string,
  others: readonly string[] = [],
): Prepared {
  const help = execFileSync(process.execPath, [LAMBDABIN, 'build', '--help'], { encoding: 'utf8' })
  if (!help.includes(`${option} `)) {
    throw new PeerMissingError('this lambdabin has no such option')
  }
  try {
    return lambdabin(given, [option, value, ...others])
  } catch (error) {
    throw new PeerMissingError(`building ${given.function} with it failed`, { cause: error })
  }
}

/** The client is there as its package has it; the function is a bundle, as people deploy to the managed runtime. */
export async function bundleForAwsLambdaRic(entry: string, folder: string, node: string): Promise<Prepared> {
  checkAwsClientTools()
  const client = installAwsClient()
  const bundle = join(folder, 'function.js')
  await bundleFor('cjs', { entryPoints: [entry] }, bundle)
  const parts = ['index.mjs', 'rapid-client.node', 'package.json'].map((file) => join(dirname(client), file))
  return {
    command: [node, client, 'function.handler'],
    shipped: [node, ...parts, bundle],
    env: { _HANDLER: 'function.handler', LAMBDA_TASK_ROOT: folder },
  }
}

async function nodeHttp({ folder, function: name, node }: Given): Promise<Prepared> {
  const bundle = join(folder, 'main.mjs')
  await bundleFor('esm', { stdin: peerEntry(name, 'node-http') }, bundle)
  return { command: [node, bundle], shipped: [node, bundle] }
}

/** As Bun's manual says for production. Its loop is fetch, as in Bun's own package for Lambda. */
function bun(
  { folder, function: name }: Given,
  loop: 'fetch-loop' | 'bun-socket',
  options: readonly string[],
): Prepared {
  const program = installNpmProgram(BUN)
  const entry = join(folder, 'main.mjs')
  writeFileSync(entry, peerEntry(name, loop).contents)
  const executable = join(folder, 'bootstrap')
  execFileSync(program, ['build', '--compile', ...options, '--outfile', executable, entry], {
    stdio: ['ignore', 'ignore', 2],
    cwd: folder,
  })
  return { command: [executable], shipped: [executable] }
}

/**
 * As Deno's manual says for Lambda: with `deno run`, and the caches of DENO_DIR filled when the image is made, by
 * running it for a while. The function is a bundle, which starts faster than a folder of packages.
 */
async function deno({ folder, function: name }: Given): Promise<Prepared> {
  const program = join(folder, 'deno')
  copyFileSync(installNpmProgram(DENO), program)
  const bundle = join(folder, 'main.mjs')
  const caches = join(folder, 'deno-dir')
  await bundleFor('esm', { stdin: peerEntry(name, 'fetch-loop') }, bundle)
  return {
    command: [program, 'run', '--cached-only', '--no-check', '--allow-all', bundle],
    shipped: [program, bundle, caches],
    env: { DENO_DIR: caches, DENO_NO_UPDATE_CHECK: '1' },
  }
}

function nim({ folder }: Given): Prepared {
  const executable = join(folder, 'function')
  compileNim(here('./peers/article.nim'), executable, folder)
  return { command: [executable], shipped: [executable, here('../../bootstrap')] }
}

function bareC({ folder }: Given): Prepared {
  const executable = compileC('bare-runtime', folder)
  return { command: [executable], shipped: [executable] }
}

function peerEntry(name: ComparedFunction, loop: string) {
  const [handler, run] = [PEER_SOURCES[name], here(`./peers/${loop}.mjs`)].map((path) => JSON.stringify(path))
  const contents = `import { handler } from ${handler}\nimport { run } from ${run}\nrun(handler)\n`
  return { contents, resolveDir: here('.') }
}

async function bundleFor(
  format: 'cjs' | 'esm',
  input: { entryPoints: string[] } | { stdin: { contents: string; resolveDir: string } },
  outfile: string,
): Promise<void> {
  // What is CommonJS in the SDK asks for Node's own modules through require(), which a module does not have.
  const require = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`
  await build({
    ...input,
    outfile,
    format,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    ...(format === 'esm' ? { banner: { js: require } } : {}),
  })
}

export function lambdaVariables(name: FunctionName): Record<string, string> {
  return {
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'bench',
    AWS_REGION: 'us-east-1',
  }
}
