/** A cache folder that somebody else has filled, and that this user may only read: an image's, or that of a machine for builds. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { prepareBaseNode } from '../../../src/compiler/base-node/base-node.ts'
import type { Architecture } from '../../../src/compiler/elf/elf-file.ts'
import { temporaryCacheHome } from '../../support/emulator/fixture-package.ts'

const here: Architecture = process.arch === 'arm64' ? 'arm64' : 'x64'
const MODULE = new URL('../../../src/compiler/base-node/base-node.ts', import.meta.url)

/** Prints the path of the copy, or why there is none. */
const PREPARE = `
  const { prepareBaseNode } = await import(process.env.MODULE)
  const locales = process.env.LOCALE && [process.env.LOCALE]
  const { path } = await prepareBaseNode(process.env.ARCH, process.execPath, () => {}, locales).catch((error) => ({ path: error.message }))
  console.log(path)`

const canMount =
  process.platform === 'linux' &&
  spawnSync('unshare', ['--mount', 'mount', '--bind', '/', '/mnt']).status === 0
const skip = canMount ? false : 'this user may mount nothing'

/** What is found where nothing can be written in `folder`. */
function prepareReadOnly(folder: string, env: NodeJS.ProcessEnv = {}): string {
  const script = 'mount --bind "$PLACE" "$PLACE" && mount -o remount,ro,bind "$PLACE" && exec "$@"'
  const { stdout } = spawnSync(
    'unshare',
    ['--mount', 'sh', '-c', script, 'sh', process.execPath, '--input-type=module', '-e', PREPARE],
    {
      encoding: 'utf8',
      timeout: 120_000,
      env: { ...process.env, PLACE: folder, ARCH: here, MODULE: MODULE.href, ...env },
    },
  )
  return stdout.trim()
}

test('the copy that is there is used, and of another one it is told that it cannot be made', {
  skip,
}, async (t) => {
  const cache = join(temporaryCacheHome(t), 'lambdabin')
  const { path } = await prepareBaseNode(here, process.execPath, () => {})
  assert.equal(prepareReadOnly(cache), path)
  assert.equal(
    prepareReadOnly(cache, { LOCALE: 'en' }),
    `the cache folder ${cache} cannot be written; set XDG_CACHE_HOME to a folder that can be`,
  )
  const area = dirname(dirname(path))
  assert.equal(
    prepareReadOnly(area, { LOCALE: 'en' }),
    `the cache folder ${area} cannot be written; set XDG_CACHE_HOME to a folder that can be`,
  )
})
