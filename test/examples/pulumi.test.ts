/**
 * `examples/pulumi`: its program runs with Pulumi's own packages, and with mocks in the place of Pulumi's engine. The packages
 * take some 170 MB, so they are installed here and are none of this repository's.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { runLambdabin } from '../support/projects/command.ts'
import { answer, exampleProject, installForExamples } from '../support/projects/example-project.ts'
import { userEnvironment } from '../support/projects/user-environment.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const TSC = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
const ROLE = 'arn:aws:iam::123456789012:role/any'
const run = promisify(execFile)

let folder: string
let project: string
let resources: readonly Resource[]

interface Resource {
  readonly type: string
  readonly name: string
  /** With the path of an archive in its place. */
  readonly inputs: { readonly code: string } & Readonly<Record<string, unknown>>
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lambdabin-pulumi-'))
  const { dependencies } = JSON.parse(readFileSync(join(EXAMPLES, 'pulumi/package.json'), 'utf8'))
  const packages = Object.entries(dependencies).map(([name, version]) => `${name}@${version}`)
  await installForExamples(folder, packages)
  project = exampleProject(folder, 'pulumi')
})

after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

/** Runs the current folder's program, given its project's name and its configuration; prints what it registers and exports. */
const RUN_PROGRAM = `
import * as pulumi from '@pulumi/pulumi'

const resources = []
const [project, config] = process.argv.slice(1)
await pulumi.runtime.setMocks({
  call: ({ token }) => { throw new Error('it calls ' + token) },
  async newResource({ type, name, inputs }) {
    const code = pulumi.asset.Archive.isInstance(inputs.code) ? await inputs.code.path : null
    resources.push({ type, name, inputs: { ...inputs, code } })
    return { id: name, state: { ...inputs, arn: 'arn:' + name } }
  },
}, project, 'dev')
pulumi.runtime.setAllConfig(JSON.parse(config))
let outputs
pulumi.output({ ...await import('./index.ts') }).apply((values) => { outputs = values })
process.on('exit', () => console.log(JSON.stringify({ resources, outputs })))
`

test('the program registers each function with its zip, and the layer for the one without a runtime', async () => {
  await run(process.execPath, [TSC, '-p', '.', '--skipLibCheck'], { cwd: project })
  const { name, config, runtime } = parse(readFileSync(join(project, 'Pulumi.yaml'), 'utf8'))
  // It is Node.js that runs index.ts, as below.
  assert.deepEqual(runtime, { name: 'nodejs', options: { typescript: false } })
  assert.deepEqual(Object.keys(config), ['aws:region', 'roleArn'])
  const args = ['--input-type=module', '--eval', RUN_PROGRAM, name, `{"${name}:roleArn":"${ROLE}"}`]
  const { stdout } = await run(process.execPath, args, {
    cwd: project,
    env: userEnvironment(),
    timeout: 60_000,
  })
  const registered = JSON.parse(stdout)
  resources = registered.resources
  const settings = {
    role: ROLE,
    runtime: 'provided.al2023',
    memorySize: 256,
    timeout: 10,
    environment: { variables: { STAGE: 'prod' } },
  }
  assert.deepEqual(inputsOf('aws:lambda/function:Function'), {
    orders: {
      ...settings,
      name: 'orders',
      handler: 'orders',
      architectures: ['x86_64'],
      code: 'dist/orders.zip',
    },
    'orders-arm64': {
      ...settings,
      name: 'orders-arm64',
      handler: 'orders-arm64',
      architectures: ['arm64'],
      code: 'dist/orders-arm64.zip',
    },
    'orders-of-layer': {
      ...settings,
      name: 'orders-of-layer',
      handler: 'orders-of-layer',
      architectures: ['x86_64'],
      code: 'dist/orders-of-layer.zip',
      layers: ['arn:runtime'],
    },
  })
  assert.deepEqual(inputsOf('aws:lambda/layerVersion:LayerVersion'), {
    runtime: {
      layerName: 'lambdabin',
      code: 'dist/layer.zip',
      compatibleRuntimes: ['provided.al2023'],
      compatibleArchitectures: ['x86_64'],
    },
  })
  assert.equal(resources.length, 4)
  const functions = {
    orders: 'arn:orders',
    'orders-arm64': 'arn:orders-arm64',
    'orders-of-layer': 'arn:orders-of-layer',
  }
  assert.deepEqual(registered.outputs, { functions })
})

test('without the role, the program ends with what to set', async () => {
  const args = ['--input-type=module', '--eval', RUN_PROGRAM, 'orders', '{}']
  await assert.rejects(
    run(process.execPath, args, { cwd: project, env: userEnvironment() }),
    /pulumi config set orders:roleArn/,
  )
})

test('the zips that it names are those of its build, for both architectures, and answer', async () => {
  await run('npm', ['run', 'build'], { cwd: project, env: userEnvironment(), timeout: 300_000 })
  const zip = (name: string) => join(project, `${resources.find((each) => each.name === name)?.inputs.code}`)
  const answered = { ordered: 3, stage: 'test' }
  assert.deepEqual(await answer(zip('orders'), 'orders'), answered)
  assert.deepEqual(await answer(zip('orders-of-layer'), 'orders-of-layer', zip('runtime')), answered)
  const { stdout } = await runLambdabin(['inspect', zip('orders-arm64'), '--json'])
  assert.equal(JSON.parse(stdout).arch, 'arm64')
})

test('what is built is what the example of Terraform builds', () => {
  for (const file of ['lambdabin.config.ts', 'src/orders/index.ts', 'tsconfig.json']) {
    const [own, other] = ['pulumi', 'terraform'].map((each) =>
      readFileSync(join(EXAMPLES, each, file), 'utf8'),
    )
    assert.equal(own, other, file)
  }
})

function inputsOf(type: string): Readonly<Record<string, Resource['inputs']>> {
  return Object.fromEntries(
    resources.filter((each) => each.type === type).map(({ name, inputs }) => [name, inputs]),
  )
}
