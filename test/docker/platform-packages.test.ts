import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findMissing } from '../../scripts/docker/platform-packages.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const SHARP = {
  name: 'sharp',
  dependencies: { color: '5' },
  optionalDependencies: {
    '@img/sharp-darwin-arm64': '0.34.5',
    '@img/sharp-linux-x64': '0.34.5',
    '@img/sharp-linux-arm64': '0.34.5',
  },
}

function project(t: TestContext, packages: Readonly<Record<string, object>>): string {
  const manifests = Object.entries(packages).map(([name, manifest]) => [
    `node_modules/${name}/package.json`,
    manifest,
  ])
  return writeFiles(temporaryFolder(t), {
    'package.json': { dependencies: { direct: '1' } },
    'src/a.ts': '',
    ...Object.fromEntries(manifests),
  })
}

const missing = (folder: string, externals: string[], arch: 'x64' | 'arm64' = 'x64') =>
  findMissing([join(folder, 'src/a.ts')], externals, arch)

test('a package with parts for another system lacks those that are not there', (t) => {
  const folder = project(t, { sharp: SHARP, '@img/sharp-darwin-arm64': { os: ['darwin'], cpu: ['arm64'] } })
  assert.deepEqual(missing(folder, ['sharp']), {
    neededBy: ['sharp'],
    ranges: { '@img/sharp-linux-x64': '0.34.5', '@img/sharp-linux-arm64': '0.34.5' },
  })
})

test('one whose part for Linux on the architecture is there lacks nothing', (t) => {
  const folder = project(t, {
    sharp: SHARP,
    '@img/sharp-linux-x64': { os: ['linux'], cpu: ['x64'], libc: ['glibc'] },
  })
  assert.deepEqual(missing(folder, ['sharp']).neededBy, [])
  assert.deepEqual(missing(folder, ['sharp'], 'arm64').neededBy, ['sharp'])
})

test('parts that npm was told to leave out are lacked, optional packages for every system are not', (t) => {
  const folder = project(t, { sharp: SHARP, ws: { optionalDependencies: { bufferutil: '4' } } })
  assert.deepEqual(missing(folder, ['sharp', 'ws']).neededBy, ['sharp'])
})

test('what a shipped package needs in turn, and what the project depends on, is looked at', (t) => {
  const native = { optionalDependencies: { 'native-linux-x64': '1', 'native-win32-x64': '1' } }
  const folder = project(t, {
    outer: { dependencies: { middle: '1' } },
    middle: { dependencies: { outer: '1', native: '1' } },
    native,
    direct: { ...native, name: 'direct' },
    'native-win32-x64': { os: ['win32'], cpu: ['x64'] },
  })
  assert.deepEqual(missing(folder, ['outer']).neededBy.toSorted(), ['direct', 'native'])
  assert.deepEqual(missing(folder, []).neededBy, ['direct'])
  assert.deepEqual(missing(folder, ['not-installed', '']).neededBy, ['direct'])
})
