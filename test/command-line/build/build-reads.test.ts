/** Files that a function reads beside its modules. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runLambdabin } from '../../support/projects/command.ts'
import { temporaryFiles } from '../../support/projects/files.ts'

test('a file that the function reads is told of until it is included, in both reports', async (t) => {
  const project = temporaryFiles(t, {
    'package.json': { type: 'module' },
    'src/orders.ts': `
      import { readFileSync } from 'node:fs'
      export const handler = () => readFileSync(new URL('./page.html', import.meta.url), 'utf8')`,
    'src/page.html': 'Hello',
  })
  const build = (...options: string[]) =>
    runLambdabin(['build', 'src/orders.ts', '--only', 'folder', ...options], { cwd: project })
  const note =
    'the function reads src/page.html, which is not in the package; ship it with --include src/page.html'
  const text = await build()
  assert.ok(text.stderr.concat(text.stdout).includes(`  note: ${note}\n`), text.stderr + text.stdout)
  const notes = async (...options: string[]) =>
    JSON.parse((await build('--json', ...options)).stdout).functions[0].notes
  assert.deepEqual(await notes(), [note])
  assert.deepEqual(await notes('--include', 'src/page.html'), [])
})
