/**
 * What many functions use of Node.js, done once: what of Node.js's own code is compiled by that is what executables have
 * compiled. It is done against servers of the build's on loopback, and always in the same way, so that it is the same code
 * each time.
 */

import { exchange, exchangeSecurely, shakeHands } from '../../runtime/prime/http-exchange.ts'
import { primeServerIdentity } from '../../runtime/prime/server-identity.ts'
import { BODY, rehearseRequests, useFetch, useHttp, useHttp2, useSocket } from './requests.ts'

export interface WorkloadServers {
  /** Ports on 127.0.0.1. They answer any request with JSON; the certificate is nobody's that is trusted. */
  readonly http: number
  readonly https: number
}

/** What loads much, and the primed parts of Node.js whose functions do it. */
const DONE_FOR: Readonly<Record<string, readonly string[]>> = {
  crypto: ['crypto'],
  streams: ['zlib', 'fetch'],
  http: ['http'],
  https: ['https'],
  http2: ['http2'],
  fetch: ['fetch'],
  rehearsal: ['rehearsal'],
}
const builtin = process.getBuiltinModule

/**
 * Runs all of it; or what functions do for which these parts of Node.js are primed, `rehearsal` among them where the handler is
 * rehearsed. Resolves to what failed, each with why.
 */
export async function runWorkload(servers: WorkloadServers, primed?: readonly string[]): Promise<string[]> {
  const failed: string[] = []
  const parts: readonly (readonly [string, () => unknown])[] = [
    // As in an executable: before anything else is done with Node.js.
    ['priming', primeAll],
    ['modules', loadModules],
    ['values', useValues],
    ['crypto', useCrypto],
    ['async', useAsync],
    ['streams', useStreams],
    ['files', useFiles],
    ['dns', useDns],
    ['net', () => useSocket(servers.http)],
    ['http', () => useHttp(builtin('node:http'), servers.http)],
    ['https', () => useHttp(builtin('node:https'), servers.https)],
    ['http2', () => useHttp2(servers.https)],
    ['fetch', () => useFetch(servers.http, primed === undefined)],
    // It leaves a mark on sockets.
    ['rehearsal', rehearseRequests],
  ]
  for (const [name, run] of parts) {
    if (primed && DONE_FOR[name]?.some((part) => primed.includes(part)) === false) {
      continue
    }
    try {
      await run()
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : error}`)
    }
  }
  return failed
}

/** What executables do as they prime it. */
async function primeAll(): Promise<void> {
  await exchange()
  await exchangeSecurely()
  await shakeHands()
  primeServerIdentity()
}

/** What starts load, and what they call of it. */
function loadModules(): void {
  builtin('node:sea').isSea()
  const { constants, Script } = builtin('node:vm')
  const options = {
    filename: 'workload.js',
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }
  const script = new Script('(function () { return 1 })', options)
  new Script('(function () { return 1 })', { ...options, cachedData: script.createCachedData() })
    .runInThisContext()
    .call(undefined)
  builtin('node:module').createRequire('/var/task/function.js')
  for (const name of ['buffer', 'events', 'path', 'url', 'os', 'util', 'querystring', 'string_decoder']) {
    builtin(`node:${name}`)
  }
}

function useValues(): void {
  const { inspect, format, promisify, types } = builtin('node:util')
  inspect(
    { list: [1, 'two', new Date(0), new Map([[1, new Set()]])], error: new Error('none') },
    { depth: 4 },
  )
  format('%s of %d: %o, %j', 'one', 2, { three: [3] }, { four: 4 })
  promisify(setImmediate)
  types.isDate(new Date())
  const url = new URL('https://example.com/orders/1?of=all&page=2#top')
  url.searchParams.append('more', 'ä')
  void [url.href, url.origin, url.searchParams.get('of'), [...url.searchParams]]
  new URLSearchParams({ a: '1' }).toString()
  structuredClone({ list: [1, new Map()] })
  const bytes = new TextEncoder().encode(BODY)
  new TextDecoder().decode(bytes)
  const buffer = Buffer.from(BODY)
  void [buffer.toString('base64'), Buffer.from('YWJj', 'base64'), buffer.toString('hex'), atob(btoa('text'))]
  Buffer.concat([buffer, Buffer.alloc(8), Buffer.from([1, 2])])
  const { join, resolve, dirname, basename, extname } = builtin('node:path')
  void [
    join('/var', '..', 'task'),
    resolve('a'),
    dirname('/a/b'),
    basename('/a/b.js', '.js'),
    extname('b.js'),
  ]
  void [builtin('node:os').hostname(), builtin('node:os').cpus().length, builtin('node:os').release()]
}

async function useCrypto(): Promise<void> {
  const crypto = builtin('node:crypto')
  const key = crypto.createHmac('sha256', 'key').update('region').digest()
  crypto.createHmac('sha256', key).update(BODY).digest('hex')
  crypto.createHash('sha256').update(BODY).digest('base64')
  crypto.createHash('md5').update(BODY).digest('hex')
  void [crypto.randomUUID(), crypto.randomBytes(16), crypto.timingSafeEqual(key, key)]
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signature = crypto.sign('sha256', Buffer.from(BODY), privateKey)
  crypto.verify('sha256', Buffer.from(BODY), publicKey, signature)
  const cipher = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12))
  Buffer.concat([cipher.update(BODY), cipher.final()])
  const { subtle } = globalThis.crypto
  await subtle.digest('SHA-256', Buffer.from(BODY))
  const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  await subtle.sign('HMAC', imported, Buffer.from(BODY))
}

async function useAsync(): Promise<void> {
  const { AsyncLocalStorage } = builtin('node:async_hooks')
  const storage = new AsyncLocalStorage<string>()
  await storage.run('store', async () => {
    await builtin('node:timers/promises').setTimeout(1)
    storage.getStore()
  })
  const { EventEmitter, once } = builtin('node:events')
  const emitter = new EventEmitter()
  setImmediate(() => emitter.emit('event', 1))
  await once(emitter, 'event')
  emitter.once('other', () => {})
  emitter.removeAllListeners()
  const controller = new AbortController()
  const signals = AbortSignal.any([controller.signal, AbortSignal.timeout(60_000)])
  signals.addEventListener('abort', () => {}, { once: true })
  controller.abort()
  await new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)))
}

async function useStreams(): Promise<void> {
  const { PassThrough, Readable, Transform, Writable } = builtin('node:stream')
  const { pipeline } = builtin('node:stream/promises')
  const { text, json } = builtin('node:stream/consumers')
  const zlib = builtin('node:zlib')
  const upper = new Transform({ transform: (chunk, _, done) => done(null, String(chunk).toUpperCase()) })
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
  await pipeline(Readable.from(['a', 'b']), upper, new PassThrough(), sink)
  await json(Readable.from([BODY]))
  for await (const _ of Readable.from([BODY])) {
    // Read to its end.
  }
  await text(Readable.toWeb(Readable.from([BODY])) as unknown as NodeJS.ReadableStream)
  await text(Readable.from([BODY]).pipe(zlib.createGzip()).pipe(zlib.createGunzip()))
  zlib.gunzipSync(zlib.gzipSync(BODY))
  zlib.brotliDecompressSync(zlib.brotliCompressSync(BODY))
}

async function useFiles(): Promise<void> {
  const fs = builtin('node:fs')
  const file = `${builtin('node:os').tmpdir()}/workload-${process.pid}`
  await fs.promises.writeFile(file, BODY)
  await fs.promises.readFile(file, 'utf8')
  void [fs.readFileSync(file, 'utf8'), fs.existsSync(file), fs.statSync(file).size]
  await builtin('node:stream/consumers').text(fs.createReadStream(file))
  await fs.promises.rm(file)
}

async function useDns(): Promise<void> {
  const dns = builtin('node:dns')
  await new Promise((resolve) => dns.lookup('localhost', { all: true }, resolve))
  await dns.promises.lookup('localhost')
}
