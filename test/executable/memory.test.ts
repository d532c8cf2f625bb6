/** What memory holds of an executable once it has been read. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build, invoke } from '../../src/api.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const TEXT_BYTES = 8e6

test('of a large function, V8 counts the text once, and the code cache not at all', async (t) => {
  const folder = temporaryFiles(t, {
    'large.ts': `
      const text = ${JSON.stringify('x'.repeat(TEXT_BYTES))}
      export const handler = async () => ({ external: process.memoryUsage().external, length: text.length })`,
  })
  const built = await build({ functions: [`${folder}/large.ts`], outDir: `${folder}/dist`, config: false })
  assert.ok(built.ok, built.ok ? '' : built.error.message)
  const zip = built.functions[0]?.zip ?? ''
  const result = await invoke<{ external: number; length: number }>({ package: zip, config: false })
  assert.ok(result.ok, result.ok ? '' : result.error.message)
  const { external, length } = result.payload
  assert.equal(length, TEXT_BYTES)
  assert.ok(external > TEXT_BYTES && external < 1.7 * TEXT_BYTES, `${external} bytes`)
})
