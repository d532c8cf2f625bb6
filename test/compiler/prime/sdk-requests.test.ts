/** A function that has the AWS SDK and has it send nothing is told from those that may connect. */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { bundleFunction } from '../../../src/compiler/bundle/bundle-function.ts'
import { mayConnect } from '../../../src/compiler/prime/sdk-requests.ts'
import { writeFiles } from '../../support/projects/files.ts'

const NODE_MODULES = join(import.meta.dirname, '../../../node_modules')

const SDK = `
  import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
  export const client = new DynamoDBClient()
  export const command = new PutItemCommand({ TableName: 'orders', Item: {} })`

/** As the real one is laid out, and small. */
const SMALL_SDK = {
  'node_modules/@aws-sdk/client-dynamodb/package.json': JSON.stringify({
    main: 'dist-cjs/index.js',
    module: 'dist-es/index.js',
    sideEffects: false,
  }),
  'node_modules/@aws-sdk/client-dynamodb/dist-cjs/index.js': 'exports.DynamoDBClient = class {}',
  'node_modules/@aws-sdk/client-dynamodb/dist-es/index.js': `
    export * from './DynamoDBClient.js'
    export * from './DynamoDB.js'
    export * from './commands/PutItemCommand.js'
    export * from './pagination/ScanPaginator.js'
    export * from './waiters/waitForTableExists.js'`,
  'node_modules/@aws-sdk/client-dynamodb/dist-es/DynamoDBClient.js': `
    import { request } from 'node:https'
    export class DynamoDBClient {
      config = { region: async () => 'us-east-1' }
      send(command) { return request(command) }
    }`,
  'node_modules/@aws-sdk/client-dynamodb/dist-es/DynamoDB.js': `
    import { DynamoDBClient } from './DynamoDBClient.js'
    export class DynamoDB extends DynamoDBClient { listTables() { return this.send({}) } }`,
  'node_modules/@aws-sdk/client-dynamodb/dist-es/commands/PutItemCommand.js': `
    export class PutItemCommand { constructor(input) { this.input = input } }`,
  'node_modules/@aws-sdk/client-dynamodb/dist-es/pagination/ScanPaginator.js':
    'export const paginateScan = (client) => client.send({})',
  'node_modules/@aws-sdk/client-dynamodb/dist-es/waiters/waitForTableExists.js':
    'export const waitUntilTableExists = (client) => client.send({})',
  'node_modules/@aws-sdk/util-dynamodb/package.json': JSON.stringify({ main: 'index.js' }),
  'node_modules/@aws-sdk/util-dynamodb/index.js': 'exports.marshall = (value) => ({ M: value })',
}

async function connects(
  t: TestContext,
  files: Record<string, string>,
  sdk: Record<string, string> = SMALL_SDK,
): Promise<boolean> {
  const project = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
  t.after(() => rmSync(project, { recursive: true }))
  writeFiles(project, { 'package.json': '{}', ...sdk, ...files })
  if (sdk !== SMALL_SDK) {
    symlinkSync(NODE_MODULES, join(project, 'node_modules'))
  }
  const options = { minify: true, externals: [], bundled: [] }
  return mayConnect(await bundleFunction(join(project, 'orders.ts'), options, { split: false }))
}

for (const [what, code] of [
  ['makes a command', 'export const handler = async () => command.input'],
  ['marshals', "import { marshall } from '@aws-sdk/util-dynamodb'\nexport const handler = marshall"],
  ['asks a client for its region', 'export const handler = () => client.config.region()'],
  ['tells in a sentence that it will send', 'export const handler = () => "we will send it"'],
  ['has a method of another name', 'export const handler = (mailer: any) => mailer.sendMail()'],
] as const) {
  test(`a function with the AWS SDK that ${what} connects to nobody`, async (t) => {
    assert.equal(await connects(t, { 'orders.ts': `${SDK}\n${code}` }), false)
  })
}

for (const [what, code] of [
  ['sends a command', 'export const handler = () => client.send(command)'],
  ['sends if there is a client', 'export const handler = (client?: any) => client?.send(command)'],
  ['sends by a computed name', 'export const handler = () => client["send"](command)'],
  ['takes the method off', 'const { send } = client\nexport const handler = () => send(command)'],
  [
    'pages',
    'import { paginateScan } from "@aws-sdk/client-dynamodb"\nexport const handler = () => paginateScan',
  ],
  [
    'waits',
    'import { waitUntilTableExists } from "@aws-sdk/client-dynamodb"\nexport const handler = waitUntilTableExists',
  ],
  [
    'has a client with a method for each command',
    'import { DynamoDB } from "@aws-sdk/client-dynamodb"\nexport const handler = () => new DynamoDB().listTables()',
  ],
  ['fetches', 'export const handler = async () => (await fetch("https://example.com")).status'],
  [
    'makes requests of its own',
    'import { get } from "node:https"\nexport const handler = () => get("https://example.com")',
  ],
  [
    'looks modules up',
    'export const handler = () => process.getBuiltinModule(String("https")).get("https://example.com")',
  ],
] as const) {
  test(`a function with the AWS SDK that ${what} may connect`, async (t) => {
    assert.equal(await connects(t, { 'orders.ts': `${SDK}\n${code}` }), true)
  })
}

test('so may one that sends by a request handler of its own', async (t) => {
  const files = {
    'node_modules/@smithy/node-http-handler/package.json': JSON.stringify({ main: 'index.js' }),
    'node_modules/@smithy/node-http-handler/index.js': 'exports.NodeHttpHandler = class { handle() {} }',
    'orders.ts': `${SDK}
      import { NodeHttpHandler } from '@smithy/node-http-handler'
      export const handler = (signed: any) => new NodeHttpHandler().handle(signed)`,
  }
  assert.equal(await connects(t, files), true)
})

test('what a module of the function does with a client counts as the function does', async (t) => {
  const files = {
    'orders.ts': `${SDK}\nimport { save } from './save.ts'\nexport const handler = () => save(client, command)`,
    'save.ts': 'export const save = (client: any, command: unknown) => client.send(command)',
  }
  assert.equal(await connects(t, files), true)
})

test('so it is with the real one', async (t) => {
  const documents = `
    import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
    import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb'
    const documents = DynamoDBDocumentClient.from(new DynamoDBClient())
    const command = new PutCommand({ TableName: 'orders', Item: {} })`
  const without = { 'orders.ts': `${documents}\nexport const handler = () => [documents.config, command]` }
  const sends = { 'orders.ts': `${documents}\nexport const handler = () => documents.send(command)` }
  assert.equal(await connects(t, without, {}), false)
  assert.equal(await connects(t, sends, {}), true)
})

test('of CommonJS all is one file, and so it may connect', async (t) => {
  const code =
    "const { DynamoDBClient } = require('@aws-sdk/client-dynamodb/dist-cjs/index.js')\nexports.handler = () => new DynamoDBClient()"
  assert.equal(await connects(t, { 'orders.ts': code }), true)
})

test('of a function without the AWS SDK nothing is said: it may connect', async (t) => {
  assert.equal(await connects(t, { 'orders.ts': 'export const handler = () => "Hello"' }), true)
})
