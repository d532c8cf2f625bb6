import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { CertificateAuthority, type KeyKind } from '../../src/stubs/certificates.ts'

const HOSTS = ['api.example.com', '*.wild.example.com', 'localhost', '127.0.0.1', '2001:db8::8:800:200c:417a']

for (const kind of ['ec', 'rsa'] as const) {
  test(`who trusts the authority takes its certificates for the names in them, and no others (${kind})`, async () => {
    const authority = new CertificateAuthority('test', kind)
    const { chain, key } = authority.issue(HOSTS)
    const server = createServer({ key, cert: chain }, (_, response) => response.end('hello'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const ask = (servername: string, ca?: string) =>
      new Promise<string>((resolve) => {
        const options = { host: '127.0.0.1', port, agent: false, ca, ...(servername && { servername }) }
        const request = get(options, (response) => {
          response.setEncoding('utf8').on('data', resolve)
        })
        request.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? error.message))
      })
    const { certificate } = authority
    assert.equal(await ask('api.example.com', certificate), 'hello')
    assert.equal(await ask('any.wild.example.com', certificate), 'hello')
    assert.equal(await ask('localhost', certificate), 'hello')
    assert.equal(await ask('', certificate), 'hello', 'by its address')
    assert.equal(await ask('other.example.com', certificate), 'ERR_TLS_CERT_ALTNAME_INVALID')
    assert.match(await ask('api.example.com'), /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO/)
    const other = new CertificateAuthority('test', kind)
    assert.match(await ask('api.example.com', other.certificate), /UNABLE_TO|SELF_SIGNED|SIGNATURE/)
    server.close()
  })
}

test('a certificate says what it is for and how long, and leads to the root', () => {
  const authority = new CertificateAuthority('test')
  const { chain } = authority.issue(HOSTS)
  const [own, between] = chain
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .map((text) => new X509Certificate(text)) as [X509Certificate, X509Certificate]
  const root = new X509Certificate(authority.certificate)
  for (const host of ['api.example.com', 'x.wild.example.com']) {
    assert.ok(own.checkHost(host), host)
  }
  assert.ok(own.checkIP('2001:db8::8:800:200c:417a'))
  assert.ok(own.checkIP('127.0.0.1'))
  assert.ok(!own.ca && between.ca && root.ca)
  assert.ok(own.checkIssued(between) && between.checkIssued(root) && root.checkIssued(root))
  assert.ok(own.verify(between.publicKey) && between.verify(root.publicKey))
  assert.ok(own.validFromDate.getTime() < Date.now() && own.validToDate.getTime() > Date.now() + 3e10)
  assert.notEqual(own.serialNumber, new X509Certificate(authority.issue(HOSTS).chain).serialNumber)
})

test('a certificate is valid now where the clock is a test’s own, as those that it is for have another', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: new Date('2001-02-03') })
  const { chain } = new CertificateAuthority('test').issue(HOSTS)
  t.mock.timers.reset()
  assert.ok(new X509Certificate(chain).validToDate.getTime() > Date.now() + 3e10)
})

test('no two authorities have the same key', () => {
  const keys = (['ec', 'ec'] as KeyKind[]).map(
    (kind) => new X509Certificate(new CertificateAuthority('test', kind).certificate).publicKey,
  )
  assert.ok(!keys[0]?.equals(keys[1] as NonNullable<(typeof keys)[0]>))
})
