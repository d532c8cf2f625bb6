import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HostNames } from '../../../src/emulator/http/host-names.ts'

function known(address: string, hosts: readonly string[]): string[] {
  const names = new HostNames(address)
  return hosts.filter((host) => names.has(host))
}

const LOOPBACK = ['localhost', 'localhost:9000', 'LocalHost:1', '127.0.0.1:9000', '[::1]:9000', '[::1]']
const NETWORK = ['192.168.1.2:9000', 'lambda:9000', '[fe80::1]:9000']
const FOREIGN = [
  '',
  ':9000',
  'evil.example',
  'evil.example:9000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'localhost:9000.evil.example',
  'localhost@evil.example',
  'localhost:x',
  '[::1',
  '[evil.example]:9000',
]

test('on loopback, only the names of loopback are this machine', () => {
  const all = [...LOOPBACK, ...NETWORK, ...FOREIGN]
  assert.deepEqual(known('127.0.0.1', all), LOOPBACK)
  assert.deepEqual(known('::1', all), LOOPBACK)
})

test('where others can reach it, addresses and the names of a private network are this machine, too', () => {
  assert.deepEqual(known('0.0.0.0', [...LOOPBACK, ...NETWORK, ...FOREIGN]), [...LOOPBACK, ...NETWORK])
})

test('the address that it listens on is this machine', () => {
  assert.deepEqual(known('127.0.0.2', ['127.0.0.2:9000', '127.0.0.3']), ['127.0.0.2:9000'])
  assert.deepEqual(known('lambda.internal', ['lambda.internal:9000', 'lambda.external']), [
    'lambda.internal:9000',
  ])
})
