/** What a configuration throws, whenever it does, is told in a sentence, as a mistake in use. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build } from '../../src/api.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const HANDLER = 'export const handler = async () => 1\n'
const STRAY = 'the configuration throws what nothing catches'
const NOT_EVALUATED = 'the configuration cannot be evaluated'

for (const [what, text, message] of [
  ['a promise', 'export default Promise.reject(new Error("no stage"))', `: ${NOT_EVALUATED}: no stage`],
  [
    'a promise that nobody waits for',
    'Promise.reject(new Error("no stage"))\nexport default { functions: "a.ts" }',
    `1:16: ${STRAY}: no stage`,
  ],
  [
    'such a promise, without an Error',
    'Promise.reject("no stage")\nexport default { functions: "a.ts" }',
    `: ${STRAY}: no stage`,
  ],
  [
    'a timer',
    'setTimeout(() => {\n  throw new Error("no stage") }, 0)\nexport default new Promise(() => {})',
    `2:9: ${STRAY}: no stage`,
  ],
  [
    'a timer, when all is evaluated',
    'setTimeout(() => {\n  throw new Error("no stage") }, 50)\nexport default { functions: "a.ts" }',
    `2:9: ${STRAY}: no stage`,
  ],
  [
    'a getter',
    'export default {\n  functions: { a: { entry: "a.ts", get minify() { throw new Error("no stage") } } } }',
    `2:57: ${NOT_EVALUATED}: no stage`,
  ],
  [
    'a proxy',
    'export default new Proxy({}, {\n  ownKeys() { throw new Error("no stage") } })',
    `2:21: ${NOT_EVALUATED}: no stage`,
  ],
  [
    'what no text can be made of',
    'export default () => { throw Object.create(null) }',
    `: ${NOT_EVALUATED}: [Object: null prototype] {}`,
  ],
  [
    'a number that is no JSON',
    'export default { external: 5n }',
    '1: external expects names of packages, and got 5n',
  ],
  [
    'a pattern of packages',
    "export default { functions: { a: 'a.ts', b: { entry: 'a.ts',\n external: ['sharp', '@aws-sdk/*'] } } }",
    '2: functions.b.external expects the name of a package, and @aws-sdk/* is a pattern; name each package; where it is for AWS’s SDK, leave it out: a function brings its own, as provided.al2023 has none, and it starts fastest as a part of the bundle',
  ],
  [
    'a file of a package',
    "export default { functions: ['a.ts'], bundle: 'graphql/utilities' }",
    '1: bundle expects the name of a package, such as sharp or @img/sharp, and got graphql/utilities; name the package alone',
  ],
] as const) {
  test(`a configuration that throws is told in a sentence: ${what}`, async (t) => {
    const cwd = temporaryFiles(t, { 'package.json': {}, 'a.ts': HANDLER, 'lambdabin.config.mjs': text })
    const { status, stderr } = await runLambdabin(['build'], { cwd })
    const place = message.startsWith(':') ? '' : ':'
    assert.equal(stderr, `lambdabin: lambdabin.config.mjs${place}${message}\n`)
    assert.equal(status, 2)
  })
}

test('so is one that a program gives, as a value', async () => {
  const cause = new Error('no stage')
  const fail = () => {
    throw cause
  }
  for (const config of [
    fail,
    Promise.reject(cause),
    Object.defineProperty({}, 'jobs', { get: fail, enumerable: true }),
  ]) {
    const { ok, ...result } = await build({ config, functions: ['a.ts'] })
    assert.ok(!ok && 'error' in result)
    assert.equal(result.error.message, `${NOT_EVALUATED}: no stage`)
    assert.equal(result.error.code, 'USAGE')
    assert.equal((result.error.cause as Error).cause, cause)
  }
})
