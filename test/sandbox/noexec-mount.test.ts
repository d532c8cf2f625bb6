/** What is told where the system runs no programs, as in the /tmp of a hardened one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { noexecMount } from '../../src/sandbox/noexec-mount.ts'
import { temporaryFolder, writeZip } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const COMMAND = fileURLToPath(new URL('../../bin/lambdabin.js', import.meta.url))

const canMount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'noexec', 'none', '/mnt']).status === 0
const skip = canMount ? false : 'this user may mount nothing'

/** What lambdabin says, with an empty file system that runs no programs at `place`; `prepare` is what a shell does there first. */
function said(place: string, prepare: string, words: string[], env: NodeJS.ProcessEnv = {}): string {
  const script = `mount -t tmpfs -o noexec none "$PLACE" && ${prepare} && exec "$@"`
  const { stderr } = spawnSync(
    'unshare',
    ['--mount', 'sh', '-c', script, 'sh', process.execPath, COMMAND, ...words],
    {
      encoding: 'utf8',
      timeout: 120_000,
      cwd: join(place, '..'),
      env: { ...process.env, ...env, PLACE: place },
    },
  )
  return stderr
}

function place(t: TestContext): string {
  const folder = join(temporaryFolder(t), 'no programs')
  mkdirSync(folder)
  return folder
}

test('most places run programs, and what is not there is what it would be in', () => {
  assert.equal(noexecMount(process.execPath), undefined)
  assert.equal(noexecMount('/proc/none/of/these'), noexecMount('/proc'))
})

test('a zip is unpacked elsewhere, and a folder is copied', { skip }, async (t) => {
  const mount = place(t)
  const zip = join(mount, '../orders.zip')
  await writeZip(zip, [{ name: 'bootstrap', content: '#!/bin/sh\n' }])
  const unpacking = said(mount, 'true', ['invoke', zip], { TMPDIR: mount })
  assert.match(
    unpacking,
    /in \S+\/no programs no program can be run, since it is mounted with noexec; set TMPDIR/,
  )
  writeFiles(join(mount, '..', 'orders'), { bootstrap: '#!/bin/sh\n', orders: '' })
  const inPlace = said(mount, 'cp -r orders "$PLACE" && chmod 755 "$PLACE"/orders/*', [
    'invoke',
    join(mount, 'orders'),
  ])
  assert.match(inPlace, /since it is mounted with noexec; copy the folder elsewhere/)
})

test('a build tells of the folder that it writes to', { skip }, (t) => {
  const mount = place(t)
  writeFiles(join(mount, '..'), { 'orders.ts': 'export const handler = async () => 1\n' })
  const words = ['build', 'orders.ts', '--offline']
  assert.match(
    said(mount, 'true', [...words, '--out-dir', mount]),
    /a build runs the programs that it makes, and in \S+\/no programs none can be run, .*; give a folder elsewhere with --out-dir\n/,
  )
})
