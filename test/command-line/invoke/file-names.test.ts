/** Files whose names are not the same in a URL, as esbuild writes them into source maps, are told by their own. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runInvoke } from '../../support/emulator/invoke-process.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const NAME = 'src/[id] é#1%20.ts'

test('stack traces and inspect name a file with brackets and letters beyond ASCII as it is called', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    [NAME]: 'export const handler = async () => {\n  throw new Error("no luck")\n}\n',
  })
  const built = await runLambdabin(['build', NAME, '--name', 'orders'], { cwd: folder })
  assert.equal(built.status, 0, built.stderr)
  const zip = join(folder, 'dist/orders.zip')
  const { stdout } = await runInvoke([zip, '--timeout', '60'])
  assert.deepEqual(JSON.parse(stdout.toString()).trace, ['Error: no luck', `    at handler (${NAME}:2:9)`])
  const inspected = await runLambdabin(['inspect', zip])
  assert.ok(inspected.stdout.includes(` ${NAME} `), inspected.stdout)
})

test('so do a build whose function does not initialise, one with --init build, and a configuration that throws', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'src/[a]é.ts': 'export const handler = () => 1\nthrow new Error("no luck")\n',
    'src/[b]é.ts': 'setInterval(() => {}, 1000)\nexport const handler = () => 1\n',
    '[c]é.ts': 'throw new Error("no luck")\nexport default {}\n',
  })
  const lazy = await runLambdabin(['build', 'src/[a]é.ts', '--name', 'a'], { cwd: folder })
  assert.match(lazy.stderr, /does not initialise: Error: no luck \(src\/\[a\]é\.ts:2:7\)/)
  const initialised = await runLambdabin(['build', 'src/[b]é.ts', '--name', 'b', '--init', 'build'], {
    cwd: folder,
  })
  assert.match(initialised.stderr, /leaves a timer running .*\(src\/\[b\]é\.ts:1:1\)/)
  const configured = await runLambdabin(['build', '--config', '[c]é.ts'], { cwd: folder })
  assert.match(configured.stderr, /\[c\]é\.ts:1:7: /)
})
