import assert from 'node:assert/strict'
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { BuiltFunction } from '../../../src/compiler/built-function.ts'
import { BuiltPackage, describeFiles } from '../../../src/compiler/unchanged/built-package.ts'
import { temporaryCacheHome, temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

const BUILT = { name: 'orders', notes: ['slow'] } as unknown as BuiltFunction

async function keptPackage(t: TestContext) {
  const home = temporaryCacheHome(t)
  const folder = writeFiles(temporaryFolder(t), {
    'orders/bootstrap': 'sh',
    'orders/data/a.json': '1',
    'orders.zip': 'PK',
  })
  const place = { folder: join(folder, 'orders'), zip: join(folder, 'orders.zip') }
  const builtPackage = new BuiltPackage<BuiltFunction>(place)
  await builtPackage.keep('key', await describeFiles(place), BUILT)
  const record = () => {
    const records = join(home, 'lambdabin/built')
    return join(records, readdirSync(records)[0] as string)
  }
  return { place, builtPackage, record }
}

test('what was built is found by what it was made of', async (t) => {
  const { builtPackage } = await keptPackage(t)
  assert.deepEqual(await builtPackage.find('key'), BUILT)
  assert.equal(await builtPackage.find('other'), undefined)
})

for (const [what, change] of Object.entries<(folder: string) => void>({
  'a file that was written to': (folder) => writeFileSync(join(folder, 'data/a.json'), '1'),
  'a file that is gone': (folder) => rmSync(join(folder, 'data/a.json')),
  'a file that was added': (folder) => writeFileSync(join(folder, 'data/b.json'), '1'),
  'a file of another mode': (folder) => chmodSync(join(folder, 'bootstrap'), 0o700),
  'a folder that is gone': (folder) => rmSync(folder, { recursive: true }),
})) {
  test(`it is not found with ${what}`, async (t) => {
    const { builtPackage, place } = await keptPackage(t)
    change(place.folder)
    assert.equal(await builtPackage.find('key'), undefined)
  })
}

test('a record that is damaged is none, and is written anew', async (t) => {
  const { builtPackage, place, record } = await keptPackage(t)
  const good = readFileSync(record())
  for (const bad of ['', good.subarray(0, 20), 'null', '{"key":"key"}']) {
    writeFileSync(record(), bad)
    assert.equal(await builtPackage.find('key'), undefined, `${bad}`)
  }
  await builtPackage.keep('key', await describeFiles(place), BUILT)
  assert.deepEqual(await builtPackage.find('key'), BUILT)
})

test('a cache folder that cannot be written costs nothing but the record', async (t) => {
  const home = temporaryCacheHome(t)
  writeFileSync(join(home, 'lambdabin'), 'a file')
  const place = { folder: temporaryFolder(t), zip: join(home, 'lambdabin') }
  await new BuiltPackage<BuiltFunction>(place).keep('key', await describeFiles(place), BUILT)
  assert.equal(await new BuiltPackage<BuiltFunction>(place).find('key'), undefined)
})
