import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { PRIMED_PARTS } from '../../../src/executable/priming-settings.ts'

const MODULE = new URL('../../../src/runtime/prime/prime.ts', import.meta.url)

/**
 * What became of it in a process of its own, which has done nothing before; `changes` are made to Node.js first, and `after` is what
 * an expression comes to afterwards.
 */
async function prime(
  parts: readonly string[],
  changes = '',
  after = 'undefined',
  options: readonly string[] = [],
): Promise<unknown> {
  const program = `
    const { prime } = await import(${JSON.stringify(MODULE.href)})
    ${changes}
    const done = await prime({ parts: ${JSON.stringify(parts)}, loadOnly: false })
    console.log(JSON.stringify({
      done: done.map(({ part, error }) => [part, ...(error === undefined ? [] : [String(error)])]),
      left: process.getActiveResourcesInfo().filter((name) => !/^(Pipe|TTY|FS)/.test(name)),
      isCaught: process.hasUncaughtExceptionCaptureCallback(),
      after: ${after},
    }))`
  const parameters = [...options, '--no-warnings', '--input-type=module', '-e', program]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, parameters, { timeout: 60_000 })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

for (const part of PRIMED_PARTS) {
  test(`${part} is primed by itself, and leaves nothing`, async () => {
    assert.deepEqual(await prime([part]), { done: [[part]], left: [], isCaught: false })
  })
}

test('all parts are primed one after the other', async () => {
  const done = PRIMED_PARTS.map((part) => [part])
  assert.deepEqual(await prime(PRIMED_PARTS), { done, left: [], isCaught: false })
})

test('what Node.js throws in a callback of its own is not the function’s, and the part says so', async () => {
  const changes = `
    const { Agent } = process.getBuiltinModule('node:http')
    Agent.prototype.keepSocketAlive = () => { throw new TypeError('not with this socket') }`
  assert.deepEqual(await prime(['http', 'zlib'], changes), {
    done: [['http', 'TypeError: not with this socket'], ['zlib']],
    left: [],
    isCaught: false,
  })
})

test('what takes too long is given up, and nothing is primed behind it later', async () => {
  const changes = `
    process.getBuiltinModule('node:dns').lookup = (...all) => setTimeout(all.at(-1), 1200)
    let isPrimed = false
    process.getBuiltinModule('node:zlib').gzipSync = () => {
      isPrimed = true
    }
    const later = async () => {
      await new Promise((resolve) => setTimeout(resolve, 600))
      return isPrimed
    }`
  assert.deepEqual(await prime(['dns', 'zlib'], changes, 'await later()'), {
    done: [['dns', 'Error: it took over 1000 ms']],
    left: ['Timeout'],
    isCaught: false,
    after: false,
  })
})

test('what rejects with nobody waiting for it is not the function’s either', async () => {
  const changes = `
    const { createHash } = process.getBuiltinModule('node:crypto')
    process.getBuiltinModule('node:crypto').createHash = (...all) => (Promise.reject(new RangeError('late')), createHash(...all))`
  assert.deepEqual(await prime(['crypto'], changes), {
    done: [['crypto', 'RangeError: late']],
    left: [],
    isCaught: false,
  })
})

/** Counts the private keys that are read. */
const COUNT_KEYS = `
  const tls = process.getBuiltinModule('node:tls')
  const { createSecureContext } = tls
  let keys = 0
  tls.createSecureContext = (options) => {
    keys += options?.key === undefined ? 0 : 1
    return createSecureContext(options)
  }`

for (const [what, keys, options] of [
  ['TLS is primed without reading a private key', 0, []],
  ['TLS is primed with a certificate where only TLS 1.2 is allowed', 1, ['--tls-max-v1.2']],
  [
    'TLS is primed with a certificate where the ciphers are none that a shared key takes',
    1,
    ['--tls-cipher-list=TLS_AES_256_GCM_SHA384:ECDHE-ECDSA-AES128-GCM-SHA256'],
  ],
] as const) {
  test(what, async () => {
    assert.deepEqual(await prime(['tls', 'https', 'fetch'], COUNT_KEYS, 'keys', options), {
      done: [['tls'], ['https'], ['fetch']],
      left: [],
      isCaught: false,
      after: keys,
    })
  })
}

test('a server’s certificate is read, and its names are compared with a host’s, once', async () => {
  const changes = `
    const tls = process.getBuiltinModule('node:tls')
    const { checkServerIdentity } = tls
    const checks = []
    tls.checkServerIdentity = (host, certificate) => {
      const problem = checkServerIdentity(host, certificate)
      checks.push([host, certificate.subject.CN, problem === undefined])
      return problem
    }`
  assert.deepEqual(await prime(['tls', 'https', 'fetch'], changes, 'checks'), {
    done: [['tls'], ['https'], ['fetch']],
    left: [],
    isCaught: false,
    after: [['orders.api.localhost', 'localhost', true]],
  })
})

test('connections in memory are closed without an error whose stack Node.js would have', async () => {
  const changes = `
    const errors = []
    Error.prepareStackTrace = (error) => errors.push(String(error))`
  const { after } = (await prime(['http', 'tls', 'https'], changes, 'errors')) as { after: string[] }
  assert.deepEqual(after, [])
})

for (const [what, changes, drawn] of [
  ['', '', 1],
  [
    ', unless a snapshot of the process is taken',
    "process.env.AWS_LAMBDA_INITIALIZATION_TYPE = 'snap-start'",
    0,
  ],
] as const) {
  test(`random bytes are drawn once, so that OpenSSL can${what}`, async () => {
    const counted = `${changes}
      const crypto = process.getBuiltinModule('node:crypto')
      const { randomFillSync } = crypto
      let drawn = 0
      crypto.randomFillSync = (bytes) => {
        drawn += bytes.length
        return randomFillSync(bytes)
      }`
    assert.deepEqual(await prime(['crypto'], counted, 'drawn'), {
      done: [['crypto']],
      left: [],
      isCaught: false,
      after: drawn,
    })
  })
}

test('what a rehearsal does is left to it, and done without one where the handler is not to be called', async () => {
  const program = `
    const { prime, rehearse } = await import(${JSON.stringify(MODULE.href)})
    const tls = process.getBuiltinModule('node:tls')
    const { connect } = tls
    let connections = 0
    tls.connect = (...parameters) => { connections += 1; return connect(...parameters) }
    const done = await prime({ parts: ['https', 'zlib'], loadOnly: false, primesSdk: false, rehearses: true })
    const before = connections
    await rehearse({ settings: { events: [], stubs: [] }, call: undefined, isRehearsing: () => false })
    console.log(JSON.stringify({ done: done.map(({ part, error }) => [part, String(error)]), before, after: connections }))`
  const parameters = ['--no-warnings', '--input-type=module', '-e', program]
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { timeout: 60_000 })
  const { done, before, after } = JSON.parse(stdout)
  assert.deepEqual(done, [
    ['https', 'undefined'],
    ['zlib', 'undefined'],
  ])
  assert.equal(before, 0)
  assert.ok(after > 0, `${after} connections`)
})
