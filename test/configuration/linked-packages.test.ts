/** A configuration that imports from other packages of its workspace: they are the project's own files, wherever they are linked. */

import assert from 'node:assert/strict'
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { runLambdabin } from '../support/projects/command.ts'
import { temporaryFiles } from '../support/projects/files.ts'

const ESM = { type: 'module', exports: './index.js' }

/** A workspace with links as npm makes them, and the configuration in `app`. */
function workspace(t: TestContext, files: Record<string, string | object>, links: Record<string, string>) {
  const folder = realpathSync(
    temporaryFiles(t, {
      'package.json': { workspaces: ['app', 'packages/*'] },
      'app/package.json': {},
      'app/a.ts': 'export const handler = async () => 1\n',
      ...files,
    }),
  )
  for (const [link, target] of Object.entries(links)) {
    mkdirSync(dirname(join(folder, link)), { recursive: true })
    symlinkSync(join(folder, target), join(folder, link))
  }
  return join(folder, 'app')
}

/** What is said of an option whose value the configuration takes from what it imports. */
async function refusedValue(cwd: string): Promise<string> {
  const { stderr } = await runLambdabin(['build'], { cwd })
  return stderr
}

const CONFIGURATION = (code: string, value: string) =>
  `${code}\nexport default { functions: 'a.ts', arch: ${value} }`
const REFUSED = (value: string) =>
  new RegExp(`^lambdabin: lambdabin\\.config\\.ts:\\d+: arch expects [^\\n]* and got ${value}\\n$`)

test('TypeScript of another package of the workspace is bundled with the configuration', async (t) => {
  const cwd = workspace(
    t,
    {
      'app/lambdabin.config.ts': CONFIGURATION(`import { base } from '@w/cfg/lb'`, 'base'),
      'packages/cfg/package.json': {},
      'packages/cfg/lb.ts': `import { other } from './other.js'\nimport { third } from './third'\nimport { real } from 'real'\nenum Name { A = 'enum' }\nexport const base = [Name.A, other, third, real].join('-')`,
      'packages/cfg/other.ts': `export const other: string = 'other'`,
      'packages/cfg/third.ts': `export const third: string = 'third'`,
      'node_modules/real/package.json': ESM,
      'node_modules/real/index.js': `export const real = import.meta.url.includes('/node_modules/real/') ? 'real' : 'bundled'`,
    },
    { 'node_modules/@w/cfg': 'packages/cfg' },
  )
  assert.match(await refusedValue(cwd), REFUSED('enum-other-third-real'))
})

test('what such a package has installed for itself is found from there', async (t) => {
  const own = 'packages/cfg/node_modules'
  const cwd = workspace(
    t,
    {
      'app/lambdabin.config.ts': CONFIGURATION(
        `import { values } from '@w/cfg'\nimport { version } from 'both'`,
        `[version, ...values].join('-')`,
      ),
      'packages/cfg/package.json': { main: 'index.ts' },
      'packages/cfg/index.ts': `import { version } from 'both'\nimport common = require('common')\nexport const values = [version, common]`,
      'node_modules/both/package.json': ESM,
      'node_modules/both/index.js': `export const version = 'outer'`,
      [`${own}/both/package.json`]: ESM,
      [`${own}/both/index.js`]: `export const version = 'inner'`,
      [`${own}/common/package.json`]: {},
      [`${own}/common/index.js`]: `module.exports = 'common'`,
    },
    { 'app/node_modules/@w/cfg': 'packages/cfg' },
  )
  assert.match(await refusedValue(cwd), REFUSED('outer-inner-common'))
})

test('packages in the places that pnpm has for them are loaded by Node.js', async (t) => {
  const place = 'node_modules/.pnpm/real@1.0.0/node_modules/real'
  const cwd = workspace(
    t,
    {
      'app/lambdabin.config.ts': CONFIGURATION(`import { real } from 'real'`, 'real'),
      [`${place}/package.json`]: ESM,
      [`${place}/index.js`]: `export const real = import.meta.url.includes('.pnpm') ? 'real' : 'bundled'`,
    },
    { 'app/node_modules/real': place },
  )
  assert.match(await refusedValue(cwd), REFUSED('real'))
})

test('what Node.js warns of as it loads files of the configuration is not printed', async (t) => {
  const cwd = workspace(
    t,
    {
      'app/lambdabin.config.ts': CONFIGURATION(
        `const { arch } = await import(new URL('./' + 'arch.ts', import.meta.url).href)`,
        'arch',
      ),
      'app/arch.ts': `export const arch: string = 'riscv'`,
    },
    {},
  )
  assert.match(await refusedValue(cwd), REFUSED('riscv'))
})
