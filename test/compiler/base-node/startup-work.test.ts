import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { KNOWN_PRIME_TESTS } from '../../../src/compiler/base-node/prime-tests.ts'
import { leaveOutStartupWork } from '../../../src/compiler/base-node/startup-work.ts'
import { findTargetRunner } from '../../../src/compiler/base-node/target-runner.ts'
import { type Architecture, parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { findSymbol } from '../../../src/compiler/elf/elf-symbols.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const SECRETS = fileURLToPath(new URL('../../fixtures/base-node/hash-secrets.cjs', import.meta.url))
const PROFILE = fileURLToPath(new URL('../../fixtures/base-node/profile.cjs', import.meta.url))
const RUNS = 3

const published = readFileSync(process.execPath)
const { architecture } = parseElf(published, 'node')

/** The secrets of each of a few processes: what is in one of them alone. */
function secretsOf(command: readonly string[]): bigint[][] {
  const [program = '', ...parameters] = command
  const runs = Array.from(
    { length: RUNS },
    () => JSON.parse(execFileSync(program, [...parameters, SECRETS], { encoding: 'utf8' })) as string[],
  )
  return runs.map((run, index) => {
    const others = new Set(runs.toSpliced(index, 1).flat())
    return run.filter((secrets) => !others.has(secrets)).flatMap((secrets) => secrets.split(' ').map(BigInt))
  })
}

/** Miller and Rabin's test, for bases that are enough below 2^64. */
function isPrime(number: bigint): boolean {
  const [odd, twos] = withoutTwos(number - 1n)
  return [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n].every((base) => {
    let power = powerOf(base, odd, number)
    for (let square = 0; square < twos && power !== 1n && power !== number - 1n; square++) {
      power = (power * power) % number
      if (power === 1n) {
        return false
      }
    }
    return power === 1n || power === number - 1n
  })
}

function withoutTwos(number: bigint): [bigint, number] {
  let [odd, twos] = [number, 0]
  for (; odd % 2n === 0n; twos++) {
    odd /= 2n
  }
  return [odd, twos]
}

function powerOf(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base]
  for (let rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % modulus) {
    if (rest % 2n === 1n) {
      result = (result * square) % modulus
    }
  }
  return result
}

function ones(bits: bigint): number {
  return bits.toString(2).replaceAll('0', '').length
}

/** The secrets of each process are its own, odd, with half of their bits set, and far apart. */
function checkSecrets(runs: readonly bigint[][]): void {
  for (const secrets of runs) {
    assert.ok(secrets.length >= 3, `three secrets were found, none that another process has: ${secrets}`)
    assert.ok(secrets.every((secret) => secret % 2n === 1n && ones(secret) === 32))
    const [first = 0n, second = 0n, third = 0n] = secrets
    assert.deepEqual([ones(first ^ second), ones(first ^ third), ones(second ^ third)], [32, 32, 32])
  }
  assert.equal(new Set(runs.flat()).size, runs.flat().length, 'no secret is drawn twice')
}

/** The pinned Node.js for `arch` without that work, and the command that runs it here; undefined where none does. */
async function prepare(t: TestContext, arch: Architecture): Promise<string[] | undefined> {
  const pinned = await findPinnedNode(arch)
  const runner = await findTargetRunner(pinned, arch)
  if (runner === undefined) {
    t.skip(`nothing for ${arch} runs here (Debian: qemu-user-static libstdc++6-arm64-cross)`)
    return undefined
  }
  const { bytes, kept } = leaveOutStartupWork(readFileSync(pinned), pinned)
  assert.deepEqual(kept, [])
  const node = join(temporaryFolder(t), 'node')
  writeFileSync(node, bytes, { mode: 0o755 })
  return [...runner, node]
}

test('as published, Node.js hashes strings with primes', () => {
  const runs = secretsOf([process.execPath])
  checkSecrets(runs)
  assert.ok(runs.flat().every(isPrime))
})

for (const arch of ['x64', 'arm64'] as const) {
  test(`without the search for primes, each process draws secrets of its own that are as random, ${arch}`, {
    timeout: 300_000,
  }, async (t) => {
    const command = await prepare(t, arch)
    if (command !== undefined) {
      const runs = secretsOf(command)
      checkSecrets(runs)
      // One odd number of this kind in twenty is a prime.
      assert.ok(!runs.flat().every(isPrime))
    }
  })

  test(`a profile shows the lines of what was compiled before it began, ${arch}`, {
    timeout: 120_000,
  }, async (t) => {
    const command = await prepare(t, arch)
    if (command !== undefined) {
      const [program = '', ...parameters] = [...command, PROFILE]
      const { own, nodes } = JSON.parse(execFileSync(program, parameters, { encoding: 'utf8' }))
      assert.ok(own.length > 0 && own.every((line: number) => line > 0), `lines of its own: ${own}`)
      assert.ok(nodes.length > 1, `several lines of what is in Node.js's own snapshot: ${nodes}`)
    }
  })
}

test('no more than the bytes that are known are changed, and doing it again changes nothing', () => {
  const { bytes } = leaveOutStartupWork(published, 'node')
  const places: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== published[at]) {
      places.push(at)
    }
  }
  assert.ok(places.length > 0 && places.length <= 13, `${places.length} bytes`)
  assert.ok(leaveOutStartupWork(bytes, 'node').bytes.equals(bytes))
  assert.deepEqual(leaveOutStartupWork(bytes, 'node').kept, [])
})

test('code that differs in one byte is left as it is, and the build is told', () => {
  for (const inAnchor of [true, false]) {
    const other = Buffer.from(published)
    const offset = primeTestIn(other)
    other[offset + (inAnchor ? 8 : 100)] = (other[offset + (inAnchor ? 8 : 100)] as number) ^ 1
    const { bytes, kept } = leaveOutStartupWork(other, 'node')
    assert.ok(bytes.subarray(offset, offset + 500).equals(other.subarray(offset, offset + 500)))
    assert.match(kept.join(), /keeps V8’s search for primes/)
    assert.equal(kept.length, 1)
  }
})

test('code that occurs twice, and calls nobody knows of, are left as they are', () => {
  const offset = primeTestIn(published)
  const [known] = KNOWN_PRIME_TESTS.filter(({ arch }) => arch === architecture)
  const size = known?.size ?? 0
  const uncalled = Buffer.from(published)
  // Somewhere else: its callers are too few, and here, where they lead to, is something else.
  uncalled.copy(uncalled, offset + 2 * size, offset, offset + size)
  uncalled.fill(0, offset, offset + size)
  const { bytes, kept } = leaveOutStartupWork(uncalled, 'node')
  assert.equal(kept.length, 1)
  assert.ok(bytes.subarray(offset, offset + 4 * size).equals(uncalled.subarray(offset, offset + 4 * size)))
})

test('a Node.js that hashes strings another way has no search for primes to be told of', () => {
  const other = Buffer.from(published)
  const secret = Buffer.from('a5786caacc8d352d', 'hex')
  let found = 0
  for (let at = other.indexOf(secret); at !== -1; at = other.indexOf(secret)) {
    other.fill(0, at, at + secret.length)
    found += 1
  }
  assert.ok(found > 0, 'this Node.js has the hash that draws secrets')
  const offset = primeTestIn(other)
  other[offset + 100] = (other[offset + 100] as number) ^ 1
  assert.deepEqual(leaveOutStartupWork(other, 'node').kept, [])
})

test('source positions are collected where the code that does it is another', () => {
  const other = Buffer.from(published)
  const symbol = findSymbol(other, parseElf(other, 'node'), /UseDetailedSourcePositionsForProfiling/)
  const offset = symbol?.offset ?? 0
  other.copy(other, offset, offset + 4, offset + 8)
  const { bytes, kept } = leaveOutStartupWork(other, 'node')
  assert.match(kept.join(), /notes source positions for profilers/)
  assert.ok(bytes.subarray(offset, offset + 48).equals(other.subarray(offset, offset + 48)))
})

function primeTestIn(bytes: Buffer): number {
  for (const { arch, anchor } of KNOWN_PRIME_TESTS) {
    const at = arch === architecture ? bytes.indexOf(Buffer.from(anchor.bytes, 'hex')) : -1
    if (at !== -1) {
      return at - anchor.at
    }
  }
  return assert.fail('the pinned Node.js has a known test for primes')
}
