/** The constructs, in apps that are no TypeScript: what is wrong is told by the error that the app ends with. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { App, Stack } from 'aws-cdk-lib'
import { Architecture, type CfnFunction } from 'aws-cdk-lib/aws-lambda'
import type { SynthBuildOptions } from '../../src/cdk/build-for-synth.ts'
import { LambdabinFunction, LambdabinLayer } from '../../src/cdk.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const ENTRY = 'the name of a configured function, or the path of a file that exports a handler'

for (const [what, props, message] of [
  [
    'none',
    undefined,
    'LambdabinFunction F expects an object with properties, entry among them, and got undefined; see its type',
  ],
  ['no entry', {}, `entry of LambdabinFunction F expects ${ENTRY}, and got undefined`],
  ['an entry of another kind', { entry: 5 }, `entry of LambdabinFunction F expects ${ENTRY}, and got 5`],
  [
    'a project that is not there',
    { entry: 'x.ts', projectRoot: '/nope' },
    'projectRoot of LambdabinFunction F expects a folder that is there, and got /nope',
  ],
  [
    'a build of another kind',
    { entry: 'x.ts', build: 5 },
    'build of LambdabinFunction F expects an object with options of the build, and got 5',
  ],
] as const) {
  test(`properties that cannot be are told: ${what}`, () => {
    const stack = new Stack(new App(), 'S')
    assert.throws(() => new LambdabinFunction(stack, 'F', props as never), { name: 'UsageError', message })
  })
}

test('so are those of a layer', () => {
  const stack = new Stack(new App(), 'S')
  assert.throws(() => new LambdabinLayer(stack, 'L', { projectRoot: '/nope' }), {
    message: 'projectRoot of LambdabinLayer L expects a folder that is there, and got /nope',
  })
})

test('the error of a build that failed has the reason', (t) => {
  const projectRoot = realpathSync(temporaryFiles(t, { 'package.json': {}, 'empty.ts': '' }))
  const stack = new Stack(new App(), 'S')
  assert.throws(
    () => new LambdabinFunction(stack, 'F', { entry: 'empty.ts', projectRoot }),
    /^Error: lambdabin could not build empty\.ts \(exit status 1\): .*empty\.ts exports nothing; export the function's handler/,
  )
  assert.throws(
    () => new LambdabinFunction(stack, 'F', { entry: 'gone.ts', projectRoot }),
    /^Error: lambdabin could not build gone\.ts \(exit status 2\): .*gone\.ts/,
  )
})

test('esbuild’s options reach the build, and a name for a file whose own cannot be one', (t) => {
  const projectRoot = realpathSync(
    temporaryFiles(t, {
      'package.json': {},
      'create.order.ts': 'declare const STAGE: unknown\nexport const handler = STAGE',
    }),
  )
  const make = (build: SynthBuildOptions) => () =>
    new LambdabinFunction(new Stack(new App(), 'S'), 'F', { entry: 'create.order.ts', projectRoot, build })
  assert.throws(make({}), /"create\.order" has a dot/)
  // It is no function then, and needs not be built to its end.
  const name = 'create-order'
  const asText = { define: { STAGE: '"prod"' }, tsconfigRaw: { compilerOptions: {} }, treeShaking: true }
  assert.throws(make({ name, esbuild: asText }), /exports handler, and none of that is a function/)
  assert.throws(make({ name, esbuild: { define: { STAGE: '(' } } }), /Invalid define value/)
  assert.throws(make({ name, esbuild: { plugins: [] } as never }), {
    name: 'UsageError',
    message: /plugins .* give them in lambdabin\.config\.ts/,
  })
})

test('the export to call may be written down where it is the plain name’s, as for a NodejsFunction', (t) => {
  const projectRoot = realpathSync(
    temporaryFiles(t, { 'package.json': {}, 'one.ts': 'export const handler = async () => 1' }),
  )
  const stack = new Stack(new App(), 'S')
  const functions = [undefined, 'handler', 'index.handler'].map(
    (handler, at) =>
      new LambdabinFunction(stack, `F${at}`, { entry: 'one.ts', projectRoot, ...(handler && { handler }) }),
  )
  for (const each of functions) {
    assert.equal((each.node.defaultChild as CfnFunction).handler, 'one')
  }
  assert.throws(
    () => new LambdabinFunction(stack, 'Other', { entry: 'one.ts', projectRoot, handler: 'create' }),
    /the function one is not to be had as one\.create; its handler can be one/,
  )
  assert.throws(
    () => new LambdabinFunction(stack, 'Another', { entry: 'one.ts', projectRoot, handler: 'index.create' }),
    /is not to be had as one\.create; /,
  )
})

test('a stack whose context asks for no bundling is synthesised without a build', () => {
  const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'S')
  const made = new LambdabinFunction(stack, 'F', { entry: 'gone.ts', memorySize: 256 })
  const { handler, runtime, memorySize } = made.node.defaultChild as CfnFunction
  assert.deepEqual([handler, runtime, memorySize], ['not-built', 'provided.al2023', 256])
})

test('a newer Node.js is told of with the first function that an app has built, not with each', (t) => {
  const handler = 'export const handler = async () => 1'
  const projectRoot = realpathSync(
    temporaryFiles(t, {
      'package.json': {},
      'one.ts': handler,
      'two.ts': handler,
      'lambdabin.config.ts': `
import { appendFileSync } from 'node:fs'
appendFileSync(import.meta.dirname + '/told', (process.env.LAMBDABIN_NEWER_NODE_TOLD ?? 'untold') + ' ')
export default { functions: ['one.ts', 'two.ts'] }`,
    }),
  )
  const app = `
import { App, Stack } from 'aws-cdk-lib'
import { LambdabinFunction } from ${JSON.stringify(new URL('../../src/cdk.ts', import.meta.url).href)}
const stack = new Stack(new App(), 'S')
for (const entry of ['one', 'two']) new LambdabinFunction(stack, entry, { entry, projectRoot: ${JSON.stringify(projectRoot)} })`
  execFileSync(process.execPath, ['--input-type=module', '-e', app], { stdio: ['ignore', 'inherit', 'pipe'] })
  assert.equal(readFileSync(join(projectRoot, 'told'), 'utf8'), 'untold 1 ')
})

test('a layer of another architecture than the function’s is refused as the app is synthesised', (t) => {
  const handler = 'export const handler = async () => 1'
  const projectRoot = realpathSync(temporaryFiles(t, { 'package.json': {}, 'one.ts': handler }))
  const stack = new Stack(new App(), 'S')
  const layerOf = (architecture: Architecture) =>
    new LambdabinLayer(stack, architecture.name, { projectRoot, architecture })
  const [layer, other] = [layerOf(Architecture.X86_64), layerOf(Architecture.ARM_64)]
  const props = { entry: 'one.ts', projectRoot, build: { forLayer: true } }
  const made = new LambdabinFunction(stack, 'Fits', { ...props, layers: [layer] })
  const refusal = /is for x86_64, and the layer arm64 for arm64; give both the same architecture/
  assert.throws(() => made.addLayers(other), refusal)
  assert.throws(() => new LambdabinFunction(stack, 'Other', { ...props, layers: [other] }), refusal)
})
