/** Terraform's provider for AWS against the local Lambda: the real one where it is installed, and its calls everywhere. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder, writeZip } from '../support/emulator/fixture-package.ts'
import { fixtureZip } from '../support/emulator/local-emulator.ts'
import { startServe } from '../support/emulator/serve-process.ts'

const CONFIGURATION = fileURLToPath(new URL('../fixtures/terraform/main.tf', import.meta.url))
const CALLS = fileURLToPath(new URL('../fixtures/terraform/calls.json', import.meta.url))

/** A folder with the provider that `main.tf` names, as `terraform providers mirror` makes it. */
const MIRROR = process.env.LAMBDABIN_TERRAFORM_MIRROR ?? '/opt/tf-plugins'
const TERRAFORM = ['/usr/local/bin/terraform', '/usr/bin/terraform'].find(existsSync)

interface Call {
  method: string
  path: string
  body?: unknown
  status: number
}

async function packages(context: TestContext) {
  const folder = temporaryFolder(context)
  const zip = join(folder, 'function.zip')
  writeFileSync(zip, await fixtureZip())
  const layer = join(folder, 'layer.zip')
  await writeZip(layer, [{ name: 'lib/a.txt', content: 'a' }])
  return { folder, zip, layer }
}

test('Terraform creates its resources, finds no change, updates and destroys them', {
  skip:
    (!process.env.LAMBDABIN_TEST_TERRAFORM || TERRAFORM === undefined || !existsSync(MIRROR)) &&
    'it takes minutes: set LAMBDABIN_TEST_TERRAFORM=1 where Terraform and its provider are installed',
}, async (context) => {
  const { folder, zip, layer } = await packages(context)
  const { endpoint } = await startServe(context, folder)
  copyFileSync(CONFIGURATION, join(folder, 'main.tf'))
  writeFileSync(
    join(folder, 'terraformrc'),
    `provider_installation {\n  filesystem_mirror {\n    path = "${MIRROR}"\n  }\n}\ndisable_checkpoint = true\n`,
  )
  const terraform = async (args: string[], variables: Record<string, string> = {}) =>
    await promisify(execFile)(TERRAFORM as string, [...args, '-no-color'], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        TF_CLI_CONFIG_FILE: join(folder, 'terraformrc'),
        TF_VAR_zip: zip,
        TF_VAR_layer: layer,
        TF_VAR_endpoint: endpoint,
        ...variables,
      },
      timeout: 300_000,
    })
  await terraform(['init'])
  const applied = await terraform(['apply', '-auto-approve'])
  assert.match(applied.stdout, /Resources: 7 added, 0 changed, 0 destroyed/)
  // Exit status 0: no changes.
  await terraform(['plan', '-detailed-exitcode'])
  const changed = { TF_VAR_description: 'changed' }
  assert.match(
    (await terraform(['apply', '-auto-approve'], changed)).stdout,
    /0 added, [12] changed, 0 destroyed/,
  )
  await terraform(['plan', '-detailed-exitcode'], changed)
  assert.match((await terraform(['destroy', '-auto-approve'])).stdout, /Resources: 7 destroyed/)
})

test('the calls of Terraform’s provider, as it made them, get the statuses that it needs', async (context) => {
  const { folder, zip, layer } = await packages(context)
  const { endpoint } = await startServe(context, folder)
  const contents: Record<string, string> = {
    '{{function}}': readFileSync(zip, 'base64'),
    '{{layer}}': readFileSync(layer, 'base64'),
  }
  for (const { method, path, body, status } of JSON.parse(readFileSync(CALLS, 'utf8')) as Call[]) {
    const text =
      body === undefined ? null : JSON.stringify(body, (_, value) => contents[value as string] ?? value)
    const answer = await fetch(`${endpoint}${path}`, { method, body: text })
    assert.equal(answer.status, status, `${method} ${path}: ${await answer.text()}`)
  }
})
