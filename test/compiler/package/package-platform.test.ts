import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fitsLinux } from '../../../src/compiler/package/package-platform.ts'

test('a package is for Linux on an architecture as npm reads its os and cpu', () => {
  for (const [fields, onArm, onX64] of [
    [{}, true, true],
    [{ os: [], cpu: [] }, true, true],
    [{ os: ['linux'], cpu: ['arm64'] }, true, false],
    [{ os: 'linux', cpu: 'x64' }, false, true],
    [{ os: ['darwin', 'win32'] }, false, false],
    [{ os: ['!win32'], cpu: ['!x64', '!ia32'] }, true, false],
    [{ os: '!linux' }, false, false],
    [{ os: ['any'], cpu: ['any'] }, true, true],
  ] as const) {
    assert.deepEqual(
      [fitsLinux(fields, 'arm64'), fitsLinux(fields, 'x64')],
      [onArm, onX64],
      JSON.stringify(fields),
    )
  }
})
