/** The whole of a run: makes the contenders, measures each phase, and gathers what there is to report. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { AWS_CLIENT_VERSION } from '../aws-client.ts'
import { ChunkStoreError, compileChunkStore } from './cold/chunk-store.ts'
import { KERNEL_DEFAULT_KIB, ReadAheadError, withDiskReadAhead } from './cold/disk-read-ahead.ts'
import {
  buildWithLambdabin,
  bundleForAwsLambdaRic,
  type Contender,
  copyOfNode,
  lambdaVariables,
  type Prepared,
  prepareContender,
  RECIPES,
} from './contenders.ts'
import { type AwsEndpoint, startAwsEndpoint } from './first-call/aws-endpoint.ts'
import { type CpuShares, tryCpuShares } from './first-call/cpu-share.ts'
import { GROWTH_KINDS, writeGrowthFunctions } from './growth.ts'
import { BUN, DENO, nimVersion, PeerMissingError } from './peer-programs.ts'
import {
  CHUNK_DELAYS,
  type ContenderResults,
  type FunctionName,
  MEMORY_SIZES,
  type Phase,
  type Results,
} from './results.ts'
import { measurePhase, tryAll } from './rounds.ts'
import { compileC, type Measurement } from './runtime-api-server.ts'
import { shippedSizes } from './shipped-sizes.ts'

export interface MeasureOptions {
  /** Ids of contenders; all of them where it is undefined. */
  readonly only: ReadonlySet<string> | undefined
  readonly functions: ReadonlySet<FunctionName>
  readonly counts: Readonly<Record<Phase, number>>
  readonly invocations: number
  readonly seconds: number
  readonly cpu: number
  /** Whether to find out what peers would upload. */
  readonly sizes: boolean
}

/** Rejects where a contender does not do its work, or a build of lambdabin's fails. */
export async function measureAll(options: MeasureOptions): Promise<Results> {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-bench-'))
  const leftOut: string[] = []
  const callsAws = options.functions.has('get-item')
  const endpoint = callsAws ? await startAwsEndpoint(folder, options.cpu) : undefined
  const shares = callsAws
    ? tryCpuShares('Functions with the CPU that 128 and 512 MB buy: quotas take root and a cgroup', leftOut)
    : undefined
  try {
    return await measureIn(folder, options, { endpoint, shares, leftOut })
  } finally {
    await endpoint?.stop()
    await shares?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Those that are started from the chunk store, too; others keep files of their own elsewhere. */
const FROM_STORE = ['lambdabin', 'lambdabin-init', 'aws-lambda-ric', 'node-http', 'bun-bytecode']

function tryChunkStore(folder: string, leftOut: string[]): string | undefined {
  try {
    return compileChunkStore(folder)
  } catch (error) {
    if (!(error instanceof ChunkStoreError)) {
      throw error
    }
    leftOut.push(`Starts from a chunk store: ${error.message}.`)
    return undefined
  }
}

interface Surroundings {
  readonly endpoint: AwsEndpoint | undefined
  readonly shares: CpuShares | undefined
  readonly leftOut: string[]
}

async function measureIn(
  folder: string,
  options: MeasureOptions,
  { endpoint, shares, leftOut }: Surroundings,
): Promise<Results> {
  if (process.getuid?.() !== 0) {
    leftOut.push('Starts with a cold page cache: they take root.')
  }
  const server = compileC('runtime-api-server', folder)
  const all = await prepareCompared(folder, options, endpoint, leftOut)
  const callAws = all.filter(({ function: name }) => name === 'get-item')
  const compared = all.filter((contender) => !callAws.includes(contender))
  const growth = options.functions.has('growth')
    ? await prepareGrowth(folder, compared)
    : { contenders: [], bytes: 0 }
  const fromStore = compared.filter(({ id }) => FROM_STORE.includes(id))
  const store = options.counts['store0.5'] > 0 ? tryChunkStore(folder, leftOut) : undefined
  const rounds = { ...options, server, shares, store }
  const measurements = new Map<Contender, Partial<Record<Phase, Measurement[]>>>()
  const run = async (contenders: readonly Contender[], phase: Phase, count: number) => {
    for (const [contender, measured] of await measurePhase(contenders, phase, count, rounds)) {
      measurements.set(contender, { ...measurements.get(contender), [phase]: measured })
    }
  }
  await tryAll([...all, ...growth.contenders], rounds)
  for (const phase of ['start', 'coldStart'] as const) {
    await run(compared, phase, options.counts[phase])
    await run(growth.contenders, phase, options.counts[phase])
  }
  try {
    await withDiskReadAhead(folder, KERNEL_DEFAULT_KIB, () =>
      run(compared, 'coldStart128', options.counts.coldStart128),
    )
  } catch (error) {
    if (!(error instanceof ReadAheadError)) {
      throw error
    }
    leftOut.push(`Cold starts with ${KERNEL_DEFAULT_KIB} KiB read ahead: ${error.message}.`)
  }
  for (const delay of store === undefined ? [] : CHUNK_DELAYS) {
    await run(fromStore, `store${delay}`, options.counts[`store${delay}`])
  }
  for (const phase of ['warm', 'anyCpuStart', 'anyCpuColdStart', 'anyCpuWarm'] as const) {
    await run(compared, phase, options.counts[phase])
  }
  for (const size of MEMORY_SIZES) {
    // Without quotas there is the whole CPU only.
    const isPossible = shares !== undefined || size === MEMORY_SIZES.at(-1)
    await run(isPossible ? callAws : [], `memory${size}`, options.counts[`memory${size}`])
  }
  const contenders: ContenderResults[] = []
  for (const contender of [...all, ...growth.contenders]) {
    const isOwn = 'zips' in contender.shipped
    // The function that calls AWS is as large as the other one with the SDK.
    const isWanted = options.sizes && contender.function !== 'get-item'
    const sizes = isWanted || isOwn ? await shippedSizes(contender) : { executableBytes: 0, zipBytes: 0 }
    const { id, name, note, function: of } = contender
    contenders.push({
      id,
      name,
      note,
      function: of,
      ...sizes,
      measurements: measurements.get(contender) ?? {},
    })
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(folder),
    versions: versionsOf(all),
    invocations: options.invocations,
    counts: options.counts,
    growthBytes: growth.bytes,
    contenders,
    leftOut: [...new Set(leftOut)],
  }
}

/** Makes the contenders one after the other; says in `leftOut` which there cannot be. */
async function prepareCompared(
  folder: string,
  options: MeasureOptions,
  endpoint: AwsEndpoint | undefined,
  leftOut: string[],
): Promise<Contender[]> {
  const node = copyOfNode(folder)
  const contenders: Contender[] = []
  for (const name of ['echo', 'sdk', 'get-item'] as const) {
    if (!options.functions.has(name)) {
      continue
    }
    for (const recipe of RECIPES) {
      if (!recipe.functions.includes(name) || options.only?.has(recipe.id) === false) {
        continue
      }
      process.stderr.write(`building ${name} for ${recipe.name}\n`)
      try {
        contenders.push(await prepareContender(recipe, { folder, function: name, node, endpoint }))
      } catch (error) {
        if (!(error instanceof PeerMissingError)) {
          throw error
        }
        process.stderr.write(`${recipe.name} is left out: ${error.message}\n`)
        leftOut.push(`${recipe.name}: ${error.message}.`)
      }
    }
  }
  return contenders
}

/** lambdabin's, and those of AWS's client, where it is compared with at all: what the same code costs there. */
async function prepareGrowth(
  folder: string,
  compared: readonly Contender[],
): Promise<{ contenders: Contender[]; bytes: number }> {
  const own = join(folder, 'growth')
  mkdirSync(own)
  const { entries, bytes } = await writeGrowthFunctions(own)
  const contenders: Contender[] = []
  const add = (id: string, name: string, { env = {}, ...prepared }: Prepared) => {
    const common = { note: '', function: 'growth', cwd: own, event: '{"text":"Hello"}' } as const
    contenders.push({ id, name, ...common, ...prepared, env: { ...lambdaVariables('growth'), ...env } })
  }
  for (const { id, name } of GROWTH_KINDS) {
    process.stderr.write(`building ${name} for lambdabin\n`)
    add(id, `lambdabin: ${name}`, buildWithLambdabin(entries[id], join(own, id), []))
  }
  const aws = compared.find(({ id }) => id === 'aws-lambda-ric')
  for (const { id, name } of aws ? GROWTH_KINDS : []) {
    const place = join(own, `aws-${id}`)
    mkdirSync(place)
    const prepared = await bundleForAwsLambdaRic(entries[id], place, aws?.command[0] ?? '')
    add(`aws-${id}`, `${aws?.name}: ${name}`, prepared)
  }
  return { contenders, bytes }
}

export function describeMachine(folder: string): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  const machine = `${cpus().length} CPUs (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB, Linux ${release()}`
  const readAhead = readAheadKiB(folder)
  return readAhead === undefined ? machine : `${machine}, the disk reads ${readAhead} KiB ahead`
}

/** How much the system reads around a page that is missing: a cold start hangs on it. Undefined where nothing says. */
function readAheadKiB(folder: string): number | undefined {
  const { dev } = statSync(folder)
  const device = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
  try {
    return Number(readFileSync(`/sys/class/bdi/${device}/read_ahead_kb`, 'utf8'))
  } catch {
    return undefined
  }
}

function versionsOf(contenders: readonly Contender[]): Record<string, string> {
  const uses = (prefix: string) => contenders.some(({ id }) => id.startsWith(prefix))
  return {
    'Node.js': process.versions.node,
    ...(uses('aws-lambda-ric') ? { 'aws-lambda-ric': AWS_CLIENT_VERSION } : {}),
    ...(uses('bun') ? { Bun: BUN.version } : {}),
    ...(uses('deno') ? { Deno: DENO.version } : {}),
    ...(uses('nim') ? { Nim: nimVersion() } : {}),
  }
}
