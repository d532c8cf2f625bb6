/** The handler of what is run here: the one that a template names, or the only one that there is. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { build, createLocalLambda, inspect, invoke, type LocalLambdaOptions } from '../../src/api.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const project = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
const answering = (text: string) => `async () => ({ statusCode: 200, body: '${text}' })`

before(async () => {
  writeFiles(project, {
    'package.json': {},
    'src/hello.ts': `export const lambdaHandler = ${answering('hello')}\n`,
    'src/orders.ts': `export const create = ${answering('create')}, list = ${answering('list')}\nexport const handler = ${answering('handler')}\n`,
    'old.js': `exports.lambdaHandler = ${answering('old')}\n`,
  })
  const functions = ['src/hello.ts', 'src/orders.ts', 'old.js']
  const built = await build({ cwd: project, config: false, functions })
  assert.ok(built.ok, built.ok ? '' : built.error.stack)
})

after(() => rmSync(project, { recursive: true, force: true }))

/** What a local Lambda with the template answers a GET of each path. */
async function answers(t: TestContext, template: string, options: LocalLambdaOptions, paths: string[]) {
  const file = join(temporaryFolder(t), 'template.yaml')
  writeFileSync(file, template)
  const own = { cwd: project, config: false as const, port: 0, state: temporaryFolder(t), timeout: 60 }
  const created = await createLocalLambda({ ...own, routes: file, ...options })
  assert.ok(created.ok, created.ok ? '' : created.error.stack)
  const { lambda } = created
  try {
    return await Promise.all(
      paths.map(async (path) => (await fetch(`http://localhost:${lambda.port}${path}`)).text()),
    )
  } finally {
    await lambda.close()
  }
}

const get = (path: string) => `{ Get: { Type: Api, Properties: { Path: ${path}, Method: get } } }`

test('a function runs by its name where it has one handler, whatever that is called', async () => {
  for (const [name, body] of [
    ['hello', 'hello'],
    ['orders', 'handler'],
    ['old', 'old'],
  ]) {
    const result = await invoke({ package: `dist/${name}.zip`, cwd: project, config: false, event: {} })
    assert.ok(result.ok, result.ok ? '' : result.error.stack)
    assert.deepEqual(result.payload, { statusCode: 200, body })
  }
  const started = await inspect({
    package: 'dist/hello.zip',
    cwd: project,
    config: false,
    start: true,
    runs: 1,
  })
  assert.ok(started.ok, started.ok ? '' : started.error.stack)
})

const ONE_EACH = `
Globals: { Function: { Handler: src/hello.lambdaHandler } }
Resources:
  HelloFunction: { Type: AWS::Serverless::Function, Properties: { Events: ${get('/hello')} } }
  OldFunction: { Type: AWS::Serverless::Function, Properties: { Handler: index.lambdaHandler, Events: ${get('/old')} } }
  Named: { Type: AWS::Serverless::Function, Properties: { Handler: src/orders.list, Events: ${get('/orders')} } }
`

test('a function of a template runs the export that its handler names', async (t) => {
  const packages = { functions: ['dist/hello.zip', 'dist/orders', 'dist/old.zip'] }
  const paths = ['/hello', '/old', '/orders']
  assert.deepEqual(await answers(t, ONE_EACH, packages, paths), ['hello', 'old', 'list'])
  const watched = { watch: ['src/hello.ts', 'src/orders.ts'] }
  assert.deepEqual(await answers(t, ONE_EACH, watched, ['/hello', '/orders']), ['hello', 'list'])
})

test('where the executable has no such export, the handler is what its name means', async (t) => {
  const template = ONE_EACH.replace('orders.list', 'orders.elsewhere').replace(
    'hello.lambdaHandler',
    'app.other',
  )
  const packages = { functions: ['dist/hello.zip', 'dist/orders'] }
  assert.deepEqual(await answers(t, template, packages, ['/hello', '/orders']), ['hello', 'handler'])
})

test('functions of a template that share a package run an export each', async (t) => {
  const template = `
Resources:
  Create: { Type: AWS::Serverless::Function, Properties: { Handler: orders.create, Events: ${get('/create')} } }
  List: { Type: AWS::Serverless::Function, Properties: { Handler: orders.list, Events: ${get('/list')} } }
  Plain: { Type: AWS::Serverless::Function, Properties: { Handler: orders, Events: ${get('/plain')} } }
`
  const packages = { functions: ['dist/orders.zip'] }
  const paths = ['/create', '/list', '/plain']
  assert.deepEqual(await answers(t, template, packages, paths), ['create', 'list', 'handler'])
})
