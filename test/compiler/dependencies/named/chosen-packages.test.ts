import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { isNamedIn } from '../../../../src/compiler/dependencies/named/chosen-packages.ts'
import { StringTexts } from '../../../../src/compiler/dependencies/named/string-texts.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'

test('a text that is like the name of a package without an entry is no name of it, and a path in it is', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'orders.ts': `export const bucket = 'prices', file = 'rates/src/table.js', driver = 'pg', form = 'esm'`,
    'prices/package.json': { name: 'prices' },
    'prices/src/table.ts': '',
    'rates/package.json': { name: 'rates' },
    'rates/src/table.js': '',
    'pg/package.json': { name: 'pg', main: './lib' },
    'pg/lib/index.js': '',
    'esm/package.json': { name: 'esm', exports: { import: './main.mjs' } },
  })
  const texts = new StringTexts([join(folder, 'orders.ts')])
  const named = await Promise.all(
    ['prices', 'rates', 'pg', 'esm'].map((name) => isNamedIn(texts, { name, folder: join(folder, name) })),
  )
  assert.deepEqual(named, [false, true, true, true])
})
