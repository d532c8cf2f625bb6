import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DISTINCTIVE, ordinaryPlace } from '../../../src/runtime/early-connections/ordinary-options.ts'

/** Options that set a socket up, which is done as one is handed over, and those that are compared by themselves. */
const KNOWN = [
  ...['ALPNProtocols', 'checkServerIdentity', 'host', 'port', 'rejectUnauthorized', 'servername', 'session'],
  ...['autoSelectFamily', 'autoSelectFamilyAttemptTimeout', 'highWaterMark', 'keepAlive', 'timeout'],
  ...['keepAliveInitialDelay', 'noDelay', 'singleUse'],
  // Of streams, which `tls.connect` does not pass on.
  ...['autoDestroy', 'decodeStrings', 'emitClose', 'manualStart', 'pauseOnCreate', 'readable'],
  ...['readableObjectMode', 'writable', 'writableObjectMode'],
]

/** Where Node.js's sources read options of a connection that a client makes. */
const READERS: Readonly<Record<string, readonly RegExp[]>> = {
  'internal/tls/wrap': [/^exports\.connect = function connect[\s\S]*?^\};?$/m],
  'internal/tls/common': [/^function createSecureContext[\s\S]*?^\}$/m],
  'internal/tls/secure-context': [/^function configSecureContext[\s\S]*?^\}$/m],
  net: [
    /^function Socket\([\s\S]*?^\}$/m,
    /^Socket\.prototype\.connect = [\s\S]*?^\};?$/m,
    /^function lookupAndConnect[\s\S]*?^\}$/m,
  ],
}

test('all options of a connection that Node.js knows are compared, or set as one is handed over', () => {
  const sources = Reflect.apply(Reflect.get(process, 'binding'), process, ['natives']) as Record<
    string,
    string
  >
  const read = Object.entries(READERS).flatMap(([name, patterns]) =>
    patterns.flatMap((pattern) => {
      const [text] = pattern.exec(sources[name] ?? '') ?? []
      assert.ok(text, `${name} has no such function as ${pattern}`)
      return [
        ...[...text.matchAll(/\boptions\.(\w+)/g)].map(([, option = '']) => option),
        ...[...text.matchAll(/\{([^{}]*)\} = options;/g)].flatMap(([, names = '']) =>
          names.split(',').map((each) => /\w*/.exec(each.trim())?.[0] ?? ''),
        ),
      ]
    }),
  )
  assert.ok(read.includes('certificateCompression') && read.includes('checkServerIdentity'), `${read}`)
  const known = new Set(['', ...DISTINCTIVE, ...KNOWN])
  assert.deepEqual(
    read.filter((name) => !known.has(name)),
    [],
  )
})

test('a place is told of connections that are made as by default, and of no others', () => {
  const ordinary = { host: 'A.example', servername: 'A.example', port: '443', ALPNProtocols: ['http/1.1'] }
  assert.deepEqual(ordinaryPlace(ordinary), { host: 'a.example', port: 443 })
  assert.deepEqual(ordinaryPlace({ ...ordinary, host: '10.0.0.1', servername: '' }), {
    host: '10.0.0.1',
    port: 443,
  })
  for (const name of DISTINCTIVE) {
    assert.equal(ordinaryPlace({ ...ordinary, [name]: 'something' }), undefined, name)
    assert.ok(ordinaryPlace({ ...ordinary, [name]: undefined }), name)
  }
  for (const other of [
    undefined,
    null,
    443,
    {},
    { ...ordinary, servername: undefined },
    { ...ordinary, ALPNProtocols: ['h2'] },
  ]) {
    assert.equal(ordinaryPlace(other), undefined)
  }
})
