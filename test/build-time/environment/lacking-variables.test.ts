import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

async function warningsOf(t: TestContext, orders: string): Promise<string[]> {
  const folder = writeFiles(temporaryFolder(t), { 'package.json': {}, 'orders.ts': orders })
  const built = await runLambdabin(['build', 'orders.ts', '--json'], { cwd: folder })
  assert.equal(built.status, 0, built.stderr)
  return JSON.parse(built.stdout).functions[0].warnings
}

test('a function that looks for variables in vain finds an environment as any other, and none of its code is called for that', async (t) => {
  const warnings = await warningsOf(
    t,
    `
    Error.prepareStackTrace = () => { throw new Error('a stack was read') }
    const env = process.env
    const { TABLE, ...others } = env
    Object.defineProperty(env, 'ADDED', { value: 'a', writable: true, enumerable: true, configurable: true })
    env.AWS_REGION = 'eu-west-1'
    delete env.LANG
    const found = [TABLE, env.ADDED, env.AWS_REGION, env.LANG, 'TABLE' in env, env.toString(), 'TABLE' in others]
    Error.prepareStackTrace = undefined
    if (JSON.stringify(found) !== '[null,"a","eu-west-1",null,false,"[object Object]",false]') {
      throw new Error(JSON.stringify(found))
    }
    export const handler = async () => found`,
  )
  assert.deepEqual(warnings, [])
})

test('variables are named whatever the function has done to Error, and not what is asked of any object', async (t) => {
  const warnings = await warningsOf(
    t,
    `
    Error.stackTraceLimit = 0
    const text = JSON.stringify(process.env)
    if (!process.env.TABLE) { throw new TypeError('not set up') }
    export const handler = async () => text`,
  )
  assert.match(warnings.join(), /; if it is for want of TABLE in the environment/)
})
