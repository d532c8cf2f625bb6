/** Each project in `examples/`, built as its infrastructure tool builds it. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { readArchitecture } from '../../src/compiler/elf/elf-file.ts'
import { runLambdabin } from '../support/command.ts'
import { exampleProject, installForExamples } from '../support/example-project.ts'
import { userEnvironment } from '../support/user-environment.ts'

const run = promisify(execFile)

let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lambdabin-examples-'))
  await installForExamples(folder)
})

after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

const SAM = process.env.LAMBDABIN_TEST_SAM

test('AWS SAM validates its template, and what it builds answers, of x64 and of arm64', {
  skip: SAM === undefined && 'it takes a SAM: set LAMBDABIN_TEST_SAM to the path of its command',
}, async () => {
  const project = exampleProject(folder, 'sam')
  const env = { ...userEnvironment(), SAM_CLI_TELEMETRY: '0', AWS_DEFAULT_REGION: 'us-east-1' }
  const sam = (...args: string[]) => run(SAM as string, args, { cwd: project, env, timeout: 300_000 })
  await sam('validate', '--lint')
  await sam('build')
  const built = (logicalId: string) => join(project, '.aws-sam/build', logicalId)
  for (const logicalId of ['OrdersFunction', 'OrdersArm64Function']) {
    assert.deepEqual(readdirSync(built(logicalId)).sort(), ['THIRD-PARTY-NOTICES', 'bootstrap', 'orders'])
  }
  assert.equal(architectureOf(join(built('OrdersFunction'), 'orders')), 'x64')
  assert.equal(architectureOf(join(built('OrdersArm64Function'), 'orders')), 'arm64')
  assert.deepEqual(await answer(built('OrdersFunction'), 'orders'), { ordered: 3, stage: 'test' })
  assert.ok(!existsSync(join(project, 'dist')))
})

/** What a function answers under `invoke`. */
async function answer(place: string, handler: string): Promise<unknown> {
  const args = [
    'invoke',
    place,
    '--handler',
    handler,
    '--event',
    '{"quantity":3}',
    '--env',
    'STAGE=test',
    '--timeout',
    '60',
  ]
  const { stdout, stderr, status } = await runLambdabin(args)
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

function architectureOf(executable: string): string {
  return readArchitecture(readFileSync(executable), executable)
}
