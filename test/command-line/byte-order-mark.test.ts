/** A byte order mark in front of what people write, as some editors leave it, is read over. */

import assert from 'node:assert/strict'
import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readHttpApi } from '../../src/emulator/routes/http-api.ts'
import { readStubFile } from '../../src/stubs/stub-file.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const MARK = '\uFEFF'
const HANDLER = 'export const handler = async (event) => [event, process.env.STAGE, process.env.OTHER]'

function marked(t: TestContext, files: Record<string, string>): string {
  return realpathSync(
    temporaryFiles(t, Object.fromEntries(Object.entries(files).map(([name, text]) => [name, MARK + text]))),
  )
}

test('of a configuration, an event, an environment file and what init completes', {
  timeout: 180_000,
}, async (t) => {
  const cwd = marked(t, {
    'package.json': '{\n    "name": "marked"\n}',
    'lambdabin.config.json':
      '{ "functions": "src/*.mjs", "event": "event.json", "stub": "stubs.json", "rehearse": true, "only": "folder" }',
    'src/orders.mjs': HANDLER,
    'event.json': '{"a":1}',
    'stubs.json': '[]',
    'variables.env': 'STAGE=prod\nOTHER=x\n',
  })
  // Offline: else a newer Node.js would be noted once there is one.
  const built = await runLambdabin(['build', '--offline'], { cwd })
  assert.equal(built.status, 0, built.stderr)
  assert.doesNotMatch(built.stderr, /note:|failed/)
  const words = ['invoke', 'orders', '--event-file', 'event.json', '--env-file', 'variables.env']
  const invoked = await runLambdabin(words, { cwd })
  assert.equal(invoked.stdout, '[{"a":1},"prod","x"]', invoked.stderr)
  const completed = await runLambdabin(['init'], { cwd })
  assert.equal(completed.status, 0, completed.stderr)
  assert.match(readFileSync(join(cwd, 'package.json'), 'utf8'), /^\{\n {4}"name": "marked",/)
})

test('of the key lambdabin of package.json', async (t) => {
  const cwd = marked(t, { 'package.json': '{ "lambdabin": { "arch": "riscv" } }' })
  const { stderr } = await runLambdabin(['build'], { cwd })
  assert.match(stderr, /^lambdabin: package\.json:1: arch expects/)
})

test('of files of stubs and of routes', async (t) => {
  const cwd = marked(t, {
    'stubs.yaml': '- request: GET https://a.example.com\n',
    'routes.json': '{ "routes": { "GET /x": "orders" } }',
  })
  assert.equal(readStubFile(join(cwd, 'stubs.yaml')).length, 1)
  writeFileSync(join(cwd, 'stubs.json'), `${MARK}[{ "request": "GET https://a.example.com" }]`)
  assert.equal(readStubFile(join(cwd, 'stubs.json')).length, 1)
  assert.equal((await readHttpApi(join(cwd, 'routes.json'))).routes.length, 1)
})
