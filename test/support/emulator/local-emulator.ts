/** The emulator in this process, over real sockets and real files, with the fixture runtime as its functions. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CreateFunctionCommand, LambdaClient, type LambdaClientConfig } from '@aws-sdk/client-lambda'
import { EventQueue } from '../../../src/emulator/asynchronous/event-queue.ts'
import { CodeBuckets } from '../../../src/emulator/code/code-buckets.ts'
import type { EnvironmentPool } from '../../../src/emulator/environments/environment-pool.ts'
import { FunctionStore } from '../../../src/emulator/functions/function-store.ts'
import { LambdaApiServer } from '../../../src/emulator/lambda-api/lambda-api-server.ts'
import { LayerStore } from '../../../src/emulator/layers/layer-store.ts'
import { LocalLambda, type LocalLambdaOptions } from '../../../src/emulator/local-lambda.ts'
import { HttpApi } from '../../../src/emulator/routes/http-api.ts'
import type { HttpApiDefinition } from '../../../src/emulator/routes/http-api-definition.ts'
import { StateFolder } from '../../../src/emulator/state-folder.ts'
import { writeZip } from './fixture-package.ts'
import { fixtureSandbox } from './fixture-sandbox.ts'

const BOOTSTRAP = fileURLToPath(new URL('../../../bootstrap', import.meta.url))
const RUNTIME = fileURLToPath(new URL('../../fixtures/runtime/misbehaving-runtime.ts', import.meta.url))

export const ROLE = 'arn:aws:iam::123456789012:role/any'

export interface LocalEmulator {
  /** `http://127.0.0.1:PORT` */
  endpoint: string
  state: StateFolder
  lambda: LocalLambda
  pool: EnvironmentPool
  /** All that functions have logged. */
  logs: () => string
  notices: string[]
  client: (options?: Partial<LambdaClientConfig>) => LambdaClient
  close: () => Promise<void>
}

export interface LocalEmulatorOptions extends Partial<LocalLambdaOptions['pool']> {
  buckets?: ReadonlyMap<string, string>
  routes?: HttpApiDefinition
  folder?: string
  requestTimeoutMs?: number
  retryDelaysMs?: readonly [number, number]
}

export async function startEmulator(
  context: TestContext,
  options: LocalEmulatorOptions = {},
): Promise<LocalEmulator> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  const state = await StateFolder.open(folder)
  const notices: string[] = []
  const onProblem = (error: unknown) => notices.push(String(error))
  const chunks: Buffer[] = []
  const store = await FunctionStore.open(state.functions)
  const arnPrefix = 'arn:aws:lambda:us-east-1:123456789012:layer:'
  const layers = await LayerStore.open(state.layers, state.work, arnPrefix, (message) =>
    notices.push(message),
  )
  const lambda = new LocalLambda({
    region: 'us-east-1',
    pool: { concurrency: 10, environments: 10, idleMs: 60_000, ...options },
    store,
    layers,
    workFolder: state.work,
    sandbox: fixtureSandbox(state.work),
    enforcesTimeouts: true,
    openLog: () => (chunk) => chunks.push(Buffer.from(chunk)),
    onProblem,
  })
  for (const stored of await store.load((message) => notices.push(message))) {
    lambda.add(stored)
  }
  const onNotice = (message: string) => notices.push(message)
  const queue = new EventQueue({
    lambda,
    folder: state.queue,
    failedFolder: state.failed,
    destinationsFolder: state.destinations,
    retryDelaysMs: options.retryDelaysMs ?? [10, 20],
    onNotice,
  })
  const server = await LambdaApiServer.listen({
    lambda,
    queue,
    buckets: new CodeBuckets(options.buckets ?? new Map()),
    routes: options.routes && new HttpApi(lambda, options.routes, onNotice),
    host: '127.0.0.1',
    port: 0,
    requestTimeoutMs: options.requestTimeoutMs ?? 60_000,
    onNotice,
  })
  await queue.load()
  const endpoint = `http://127.0.0.1:${server.port}`
  const clients: LambdaClient[] = []
  let closed = false
  const close = async () => {
    if (!closed) {
      closed = true
      for (const client of clients) {
        client.destroy()
      }
      queue.close()
      await server.close()
      await lambda.pool.close()
      await state.close()
    }
  }
  context.after(async () => {
    await close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  return {
    endpoint,
    state,
    lambda,
    pool: lambda.pool,
    logs: () => Buffer.concat(chunks).toString(),
    notices,
    client: (more = {}) => {
      const client = new LambdaClient({
        endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
        maxAttempts: 1,
        ...more,
      })
      clients.push(client)
      return client
    },
    close,
  }
}

/** A deployment package whose executable, called `name`, is the fixture runtime. */
export async function fixtureZip(name = 'misbehaving'): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  try {
    const path = join(folder, `${name}.zip`)
    await writeZip(path, [
      { name: 'bootstrap', content: readFileSync(BOOTSTRAP) },
      { name, content: `#!/bin/sh\nexec '${process.execPath}' '${RUNTIME}'\n` },
    ])
    return readFileSync(path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Bytes of the JSON that the fixture runtime takes for orders. */
export function order(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

/** Creates a function of the fixture package, with the time that a busy machine takes. */
export async function createFixture(sdk: LambdaClient, functionName: string, more: object = {}) {
  return sdk.send(
    new CreateFunctionCommand({
      FunctionName: functionName,
      Runtime: 'provided.al2023',
      Role: ROLE,
      Handler: 'misbehaving',
      Timeout: 60,
      MemorySize: 512,
      Code: { ZipFile: await fixtureZip() },
      ...more,
    }),
  )
}
