import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Entry, openPromise } from 'yauzl'
import { type PackageFile, writeZip } from '../../../src/compiler/package/write-zip.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

const WRITE_ZIP = fileURLToPath(new URL('../../../src/compiler/package/write-zip.ts', import.meta.url))

function someFiles(t: TestContext): { folder: string; files: PackageFile[] } {
  const folder = writeFiles(temporaryFolder(t), {
    orders: Buffer.alloc(200_000, 'ab'),
    bootstrap: '#!/bin/sh\n',
    'data/é.json': '{}',
  })
  const files = ['orders', 'data/é.json', 'bootstrap'].map((path) => ({
    path,
    source: join(folder, path),
    executable: !path.startsWith('data/'),
  }))
  return { folder, files }
}

async function readEntries(zip: string): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of (await openPromise(zip)).eachEntry()) {
    entries.push(entry)
  }
  return entries
}

test('entries are sorted by name, have mode 0755 or 0644, one time, and no extra fields', async (t) => {
  const { folder, files } = someFiles(t)
  chmodSync(join(folder, 'orders'), 0o600)
  await writeZip(files, join(folder, 'a.zip'))
  const entries = await readEntries(join(folder, 'a.zip'))
  assert.deepEqual(
    entries.map((entry) => [entry.fileName, (entry.externalFileAttributes >>> 16).toString(8)]),
    [
      ['bootstrap', '100755'],
      ['data/é.json', '100644'],
      ['orders', '100755'],
    ],
  )
  for (const entry of entries) {
    assert.equal(entry.lastModFileDate, (0 << 9) | (1 << 5) | 1, '1 January 1980')
    assert.equal(entry.lastModFileTime, 12 << 11, 'noon')
    assert.equal(entry.extraFieldLength, 0)
  }
})

test('the same files give the same bytes in any order, at any time and in any time zone', async (t) => {
  const { folder, files } = someFiles(t)
  await writeZip(files, join(folder, 'a.zip'))
  utimesSync(join(folder, 'orders'), 1e9, 1e9)
  const script = `import(${JSON.stringify(WRITE_ZIP)}).then(({ writeZip }) => writeZip(JSON.parse(process.argv[1]), process.argv[2]))`
  for (const zone of ['Asia/Tokyo', 'America/St_Johns', 'Pacific/Kiritimati']) {
    const zip = join(folder, `${zone.replace('/', '-')}.zip`)
    await promisify(execFile)(process.execPath, ['-e', script, JSON.stringify(files.toReversed()), zip], {
      env: { ...process.env, TZ: zone },
    })
    assert.ok(readFileSync(zip).equals(readFileSync(join(folder, 'a.zip'))), zone)
  }
})

test('what a function for a layer has is smaller than what is beside it', async (t) => {
  const text = readFileSync(fileURLToPath(import.meta.resolve('typescript/package.json')), 'utf8')
  const script = Array.from({ length: 40 }, (_, index) => text.replaceAll('"', `"${index * 7919}`)).join('')
  const paths = ['orders/function.js', 'data/prices.json']
  const folder = writeFiles(
    temporaryFolder(t),
    Object.fromEntries(paths.map((path) => [path, Buffer.from(script)])),
  )
  const files = paths.map((path) => ({ path, source: join(folder, path), executable: false }))
  await writeZip(files, join(folder, 'a.zip'))
  const sizes = new Map((await readEntries(join(folder, 'a.zip'))).map((e) => [e.fileName, e.compressedSize]))
  assert.ok(
    (sizes.get('orders/function.js') ?? 0) < 0.95 * (sizes.get('data/prices.json') ?? 0),
    `${[...sizes]}`,
  )
})

test('a file that cannot be read fails the zip instead of being left out', async (t) => {
  const { folder, files } = someFiles(t)
  const missing = { path: 'gone', source: join(folder, 'gone'), executable: false }
  await assert.rejects(writeZip([...files, missing], join(folder, 'a.zip')), { code: 'ENOENT' })
})

test('a zip that cannot be written fails', async (t) => {
  const { folder, files } = someFiles(t)
  await assert.rejects(writeZip(files, join(folder, 'no-such-folder', 'a.zip')), { code: 'ENOENT' })
})

test('two files for one place are refused by their names, before anything is written', async (t) => {
  const { folder, files } = someFiles(t)
  const again = { path: 'bootstrap', source: join(folder, 'orders'), executable: false }
  await assert.rejects(writeZip([...files, again], join(folder, 'a.zip')), /bootstrap would be there twice/)
  assert.ok(!existsSync(join(folder, 'a.zip')))
})
