import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { executables, openDeploymentPackage } from '../../../src/emulator/code/deployment-package.ts'
import { DeploymentPackageError } from '../../../src/emulator/code/deployment-package-error.ts'
import {
  temporaryFolder,
  writeExecutable,
  writeZip,
  type ZipEntry,
} from '../../support/emulator/fixture-package.ts'
import { rewriteZip } from '../../support/emulator/rewritten-zip.ts'

const BOOTSTRAP: ZipEntry = { name: 'bootstrap', content: '#!/bin/sh\n' }
const LINK = 0o120777

interface Place {
  /** Where the zip goes. */
  zip: string
  workFolder: string
}

function place(context: TestContext): Place {
  const folder = temporaryFolder(context)
  const workFolder = join(folder, 'work')
  mkdirSync(workFolder)
  return { zip: join(folder, 'orders.zip'), workFolder }
}

async function refused({ zip, workFolder }: Place, message: RegExp): Promise<void> {
  await assert.rejects(openDeploymentPackage(zip, workFolder), (error) => {
    assert.ok(error instanceof DeploymentPackageError, String(error))
    assert.match(error.message, message)
    assert.match(error.message, /^expected [^\n]+$/, 'one line that says what was expected')
    return true
  })
  // Whatever the zip says, nothing is written beside the folder that was made for it.
  const [task, ...others] = readdirSync(workFolder)
  assert.deepEqual(others, [])
  assert.match(task ?? 'task-', /^task-/)
  assert.deepEqual(
    readdirSync(join(workFolder, '..')).sort(),
    ['orders.zip', 'work'].filter((name) => name === 'work' || existsSync(zip)),
  )
}

test('a zip is unpacked with its modes, folders and symbolic links', async (context) => {
  const { zip, workFolder } = place(context)
  const large = Buffer.alloc(3_000_000, 'some text ')
  await writeZip(zip, [
    BOOTSTRAP,
    { name: 'orders', content: large, mode: 0o100755 },
    { name: 'data/deep/readme.txt', content: 'hello', mode: 0o100644 },
    { name: 'data/secret', content: 'x', mode: 0o100600 },
    { name: 'lib/link', content: '../data/deep/readme.txt', mode: LINK },
    { name: 'nowhere', content: 'not/there', mode: LINK },
  ])
  const { folder, name } = await openDeploymentPackage(zip, workFolder)
  assert.equal(name, 'orders')
  assert.equal(join(folder, '..'), workFolder)
  assert.ok(readFileSync(join(folder, 'orders')).equals(large))
  assert.equal(statSync(join(folder, 'orders')).mode & 0o777, 0o755)
  assert.equal(statSync(join(folder, 'data/secret')).mode & 0o777, 0o600)
  assert.equal(readFileSync(join(folder, 'lib/link'), 'utf8'), 'hello')
  assert.equal(readlinkSync(join(folder, 'nowhere')), 'not/there')
})

test('a folder is used in place', async (context) => {
  const folder = temporaryFolder(context)
  writeExecutable(join(folder, 'bootstrap'), '#!/bin/sh\n')
  const opened = await openDeploymentPackage(`${folder}/`, '/nowhere')
  assert.equal(opened.folder, folder)
  assert.equal(join('/tmp', opened.name), join('/tmp', folder.split('/').at(-1) ?? ''))
})

test('the executables are the files at the top that can be executed, without bootstrap', async (context) => {
  const folder = temporaryFolder(context)
  for (const name of ['bootstrap', 'b', 'a']) {
    writeExecutable(join(folder, name), '')
  }
  writeFileSync(join(folder, 'data'), '')
  mkdirSync(join(folder, 'lib'))
  assert.deepEqual(await executables({ folder, name: 'x' }), ['a', 'b'])
})

test('what is not there gets a sentence', async (context) => {
  await refused(place(context), /but cannot read .*orders\.zip; build one first/)
})

for (const [what, bytes] of [
  ['a text', 'hello'],
  ['an empty file', ''],
  ['the start of a zip', 'PK\x03\x04'],
] as const) {
  test(`what is not a zip gets a sentence: ${what}`, async (context) => {
    const where = place(context)
    writeFileSync(where.zip, bytes)
    await refused(where, /is not a whole zip file .*build it again/)
  })
}

test('a zip that was cut off gets a sentence', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP, { name: 'orders', content: Buffer.alloc(1000, 'x') }])
  const bytes = readFileSync(where.zip)
  writeFileSync(where.zip, bytes.subarray(0, bytes.length - 30))
  await refused(where, /is not a whole zip file/)
})

test('a package without bootstrap gets a sentence', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [{ name: 'orders/bootstrap', content: '' }])
  await refused(where, /a file named bootstrap at the top of .*zip the files themselves, not their folder/)
})

test('a bootstrap that is not executable gets a sentence with its mode', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [{ ...BOOTSTRAP, mode: 0o100644 }])
  await refused(where, /to be executable, but its mode is 0644; set it with chmod 755/)
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'bootstrap'), '')
  chmodSync(join(folder, 'bootstrap'), 0o600)
  await assert.rejects(openDeploymentPackage(folder, where.workFolder), /its mode is 0600/)
})

test('a zip without Unix modes has files that are not executable', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP])
  rewriteZip(where.zip, 'bootstrap', { externalFileAttributes: 0 })
  await refused(where, /its mode is 0644/)
})

for (const name of ['../escaped', '/tmp/escaped', 'a/../../escaped', 'C:/escaped', '..\\escaped']) {
  test(`an entry that climbs out is refused: ${name}`, async (context) => {
    const where = place(context)
    const harmless = 'x'.repeat(name.length)
    await writeZip(where.zip, [BOOTSTRAP, { name: harmless, content: 'evil' }])
    rewriteZip(where.zip, harmless, { name })
    await refused(
      where,
      /expected a zip that Lambda can unpack, but .* is not one \((absolute|invalid relative) path/,
    )
  })
}

for (const target of ['/etc/passwd', '../outside', 'a/../../outside', '..', '']) {
  test(`a symbolic link that leads out is refused: ${JSON.stringify(target)}`, async (context) => {
    const where = place(context)
    await writeZip(where.zip, [BOOTSTRAP, { name: 'link', content: target, mode: LINK }])
    await refused(where, /symbolic links in .* to stay inside the package, but "link" does not/)
  })
}

test('symbolic links that lead out together are refused', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [
    BOOTSTRAP,
    { name: 'a/b/up', content: '../..', mode: LINK },
    { name: 'out', content: 'a/b/up/..', mode: LINK },
  ])
  await refused(where, /but "out" does not/)
})

test('no file is written through a symbolic link', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [
    { name: 'lib', content: '../..', mode: LINK },
    { name: 'lib/escaped', content: 'evil' },
    BOOTSTRAP,
  ])
  await refused(where, /"lib"/)
})

test('two entries of one name are refused', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP, { name: 'twin', content: '1' }, { name: 'twix', content: '2' }])
  rewriteZip(where.zip, 'twix', { name: 'twin' })
  await refused(where, /unpack "twin" from .* two entries have its name/)
})

test('something that is neither file, folder nor link is refused', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP, { name: 'fifo', content: '', mode: 0o010644 }])
  await refused(where, /"fifo" is something else/)
})

test('a package over 250 MB is refused before anything is unpacked', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP, { name: 'zeros', content: Buffer.alloc(262_144_001) }])
  assert.ok(statSync(where.zip).size < 1_000_000, 'a small zip')
  await refused(where, /to unpack to 262144000 bytes at most, as Lambda does, but it says 262144011/)
  assert.deepEqual(readdirSync(join(where.workFolder, readdirSync(where.workFolder)[0] ?? '')), [])
})

test('an entry that is larger than the zip says is refused, and no more of it is written', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP, { name: 'zeros', content: Buffer.alloc(50_000_000) }])
  rewriteZip(where.zip, 'zeros', { uncompressedSize: 1000 })
  await refused(where, /unpack "zeros" from .*: it is larger than the zip says/)
  const task = join(where.workFolder, readdirSync(where.workFolder)[0] ?? '')
  assert.ok(statSync(join(task, 'zeros')).size <= 1000)
})

test('an entry whose bytes are not those that were packed is refused', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP, { name: 'orders', content: 'x'.repeat(1000) }])
  rewriteZip(where.zip, 'orders', { crc32: 12345 })
  await refused(where, /"orders" from .* its size or its checksum is wrong/)
})

test('an encrypted entry is refused', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP, { name: 'orders', content: 'secret' }])
  rewriteZip(where.zip, 'orders', { generalPurposeBitFlag: 0x0801 })
  await refused(where, /"orders" from .* it is encrypted/)
})

test('control characters in a name do not reach the terminal', async (context) => {
  const where = place(context)
  await writeZip(where.zip, [BOOTSTRAP, { name: '\x1b[31mred', content: '', mode: 0o010644 }])
  await refused(where, /"\\u001b\[31mred" is something else/)
})
