/** How a configuration file is evaluated where Node.js does not run it. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import nodeModules from 'node:module'
import { test } from 'node:test'
import { configuredFunctions } from '../../src/configuration/configured-functions.ts'
import { loadConfiguration } from '../../src/configuration/load-configuration.ts'
import { temporaryFiles } from '../support/projects/files.ts'

test('where there are no hooks for modules, as in Bun, it is read all the same, and nothing is left of that', async (t) => {
  const folder = temporaryFiles(t, {
    'package.json': {},
    'src/orders.ts': 'export const handler = async () => 1',
    'lambdabin.config.ts': `import { names } from './names'\nexport default { functions: names as string[] }`,
    'names.ts': "export const names = ['src/*.ts']",
  })
  const { registerHooks } = nodeModules
  const change = (hooks: unknown) => {
    Object.assign(nodeModules, { registerHooks: hooks })
    nodeModules.syncBuiltinESMExports()
  }
  change(undefined)
  t.after(() => change(registerHooks))
  const configuration = await loadConfiguration(undefined, folder, { command: 'build' })
  assert.ok(configuration)
  assert.deepEqual(
    (await configuredFunctions(configuration)).map(({ name }) => name),
    ['orders'],
  )
  assert.deepEqual(readdirSync(folder).sort(), ['lambdabin.config.ts', 'names.ts', 'package.json', 'src'])
})
