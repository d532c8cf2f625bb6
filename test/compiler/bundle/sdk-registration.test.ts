/** The AWS SDK's classes are told to the runtime, and what a function does not use of the SDK stays out of its bundle. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction, type FunctionBundle } from '../../../src/compiler/bundle/bundle-function.ts'
import { registersSdk } from '../../../src/compiler/bundle/sdk-registration.ts'
import { SdkRegistry } from '../../../src/executable/sdk-registry.ts'
import { writeFiles } from '../../support/projects/files.ts'
import { loadBundle } from '../../support/projects/loaded-bundle.ts'

const NODE_MODULES = join(import.meta.dirname, '../../../node_modules')

async function bundle(t: TestContext, code: string, files: Record<string, string> = {}) {
  const project = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  t.after(() => rmSync(project, { recursive: true }))
  writeFiles(project, { 'package.json': '{}', 'orders.ts': code, ...files })
  if (Object.keys(files).length === 0) {
    symlinkSync(NODE_MODULES, join(project, 'node_modules'))
  }
  const options = { minify: true, externals: [], bundled: [] }
  return bundleFunction(join(project, 'orders.ts'), options, { split: false })
}

async function registered(bundled: FunctionBundle) {
  const registry = new SdkRegistry()
  const { exports } = await loadBundle(bundled, '/var/task', registry)
  return { exports, registry }
}

const DOCUMENTS = `
  import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
  import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb'
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'eu-central-1' }))
  export const handler = async () => [documents.constructor.name, new GetCommand({}).constructor.name]`

test('clients and commands are registered by their names, and are what they are', async (t) => {
  const bundled = await bundle(t, DOCUMENTS)
  const { exports, registry } = await registered(bundled)
  assert.deepEqual([...registry.clients.keys()].sort(), ['DynamoDBClient', 'DynamoDBDocumentClient'])
  assert.ok(registry.commandsOf('DynamoDBClient').includes('GetItemCommand'))
  assert.equal(registry.commandsOf('DynamoDBDocumentClient')[0], 'GetCommand')
  assert.deepEqual(await exports.handler(), ['DynamoDBDocumentClient', 'GetCommand'])
  const made = [...bundled.entry.modules.keys()].map((path) => path.split('/').at(-1))
  assert.ok(!made.includes('PutCommand.js'), `${made}`)
  assert.ok(!made.includes('PutItemCommand.js'), `${made}`)
})

test('of a package of the SDK that has no clients nothing is registered', async (t) => {
  const bundled = await bundle(
    t,
    "import { marshall } from '@aws-sdk/util-dynamodb'\nexport const handler = async () => marshall({ id: 1 })",
  )
  assert.equal(registersSdk(bundled.entry.code), false)
})

const OTHER_LAYOUT = {
  'node_modules/@smithy/smithy-client/package.json': '{ "module": "dist-es/index.js", "main": "index.js" }',
  'node_modules/@smithy/smithy-client/index.js': '',
  'node_modules/@smithy/smithy-client/dist-es/index.js': "export { build } from './command.js'",
  'node_modules/@smithy/smithy-client/dist-es/command.js':
    "export const build = () => class Command { clientName = 'XClient' }",
  'node_modules/@aws-sdk/client-x/package.json': '{ "module": "dist-es/index.js", "main": "index.js" }',
  'node_modules/@aws-sdk/client-x/index.js': '',
  'node_modules/@aws-sdk/client-x/dist-es/index.js': "export { XClient } from './XClient.js'",
  'node_modules/@aws-sdk/client-x/dist-es/XClient.js': 'export const XClient = class {}',
}

test('modules of another layout are bundled as they are', async (t) => {
  const code = `
    import { XClient } from '@aws-sdk/client-x'
    import { build } from '@smithy/smithy-client'
    export const handler = async () => [typeof XClient, new (build())().clientName]`
  const bundled = await bundle(t, code, OTHER_LAYOUT)
  assert.equal(registersSdk(bundled.entry.code), false)
  assert.deepEqual(await (await registered(bundled)).exports.handler(), ['function', 'XClient'])
})

test('a builder of commands as older versions of the SDK have it registers them', async (t) => {
  const files = {
    ...OTHER_LAYOUT,
    'node_modules/@smithy/smithy-client/dist-es/index.js': "export { Command } from './command.js'",
    'node_modules/@smithy/smithy-client/dist-es/command.js': `
export class Command { static classBuilder() { return new ClassBuilder() } }
class ClassBuilder {
  constructor() { this._clientName = ''; this._commandName = '' }
  n(clientName, commandName) { this._clientName = clientName; this._commandName = commandName; return this }
  build() { const closure = this; return class extends Command { name() { return closure._commandName } } }
}
`,
    'node_modules/@aws-sdk/client-x/dist-es/XClient.js': 'export class XClient { }',
  }
  const code = `
    import { XClient } from '@aws-sdk/client-x'
    import { Command } from '@smithy/smithy-client'
    class AskCommand extends Command.classBuilder().n('XClient', 'AskCommand').build() {}
    export const handler = async () => [typeof XClient, new AskCommand().name()]`
  const { exports, registry } = await registered(await bundle(t, code, files))
  assert.deepEqual(await exports.handler(), ['function', 'AskCommand'])
  assert.deepEqual(registry.commandsOf('XClient'), ['AskCommand'])
})

test('commands that are written out, as they were before there was a builder, are registered', async (t) => {
  const files = {
    ...OTHER_LAYOUT,
    'node_modules/@aws-sdk/client-x/package.json':
      '{ "module": "dist-es/index.js", "main": "index.js", "sideEffects": false }',
    'node_modules/@aws-sdk/client-x/dist-es/index.js':
      "export * from './XClient.js'\nexport * from './commands/AskCommand.js'\nexport * from './commands/OtherCommand.js'",
    'node_modules/@aws-sdk/client-x/dist-es/XClient.js': 'export class XClient { }',
    ...Object.fromEntries(
      ['AskCommand', 'OtherCommand'].map((name) => [
        `node_modules/@aws-sdk/client-x/dist-es/commands/${name}.js`,
        `
class $Command {}
export class ${name} extends $Command {
    resolveMiddleware() {
        const clientName = "XClient";
        const commandName = "${name}";
        return { clientName, commandName };
    }
}
`,
      ]),
    ),
  }
  const code = `
    import { AskCommand, XClient } from '@aws-sdk/client-x'
    export const handler = async () => [new XClient(), new AskCommand()].map((made) => made.constructor.name)`
  const { exports, registry } = await registered(await bundle(t, code, files))
  assert.deepEqual(await exports.handler(), ['XClient', 'AskCommand'])
  assert.deepEqual(registry.commandsOf('XClient'), ['AskCommand'])
})
