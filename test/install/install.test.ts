/** lambdabin in projects of others: its tarball, installed by each package manager under the machine's own Node.js, and used. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { writeFiles } from '../support/projects/files.ts'
import { hostNode } from '../support/projects/host-node.ts'
import {
  commandOf,
  installPackageManagers,
  type PackageManagers,
} from '../support/projects/package-managers.ts'
import { packTarball } from '../support/projects/packed-package.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const TYPES = `@types/node@${devDependencies['@types/node']}`
const run = promisify(execFile)

const HELLO = `import type { Handler } from 'lambdabin'

export const handler: Handler<{ name: string }> = async (event) => ({ hello: event.name })
`
const PROJECT = {
  'package.json': { name: 'project', private: true, version: '1.0.0', license: 'UNLICENSED' },
  'tsconfig.json': {
    compilerOptions: { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] },
    include: ['src', '*.ts', '*.mts'],
  },
  'src/hello/index.ts': HELLO,
  'lambdabin.config.ts': `import { defineConfig } from 'lambdabin/config'

export default defineConfig({ functions: 'src/*/index.ts' })
`,
  'use-api.mts': `import { build, invoke } from 'lambdabin/api'

const built = process.argv.includes('build') ? await build() : { ok: true as const }
if (!built.ok) throw built.error
const result = await invoke<{ hello: string }>({ package: 'dist/hello.zip', event: { name: 'API' } })
console.log(result.ok ? result.payload.hello : result.error.message)
`,
}

let folder: string
let tarball: string
let managers: PackageManagers

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lambdabin-install-'))
  ;[tarball, managers] = await Promise.all([
    packTarball(join(folder, 'checkout')),
    installPackageManagers(join(folder, 'managers')),
  ])
})

after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

interface Way {
  readonly manager: string
  readonly files?: Readonly<Record<string, string>>
  readonly add: readonly string[]
  /** What a command of an installed package is run with. */
  readonly run: readonly string[]
}

const WAYS: Readonly<Record<string, Way>> = {
  npm: {
    manager: 'npm',
    add: ['install', '--engine-strict', '--loglevel=error', '--save-dev'],
    run: ['exec', '--'],
  },
  'pnpm 10': { manager: 'pnpm', add: ['add', '--save-dev'], run: ['exec'] },
  'Yarn 1': { manager: 'yarn1', add: ['add', '--dev'], run: ['--silent', 'run'] },
  'Yarn 4 with node_modules': {
    manager: 'yarn4',
    files: { '.yarnrc.yml': 'nodeLinker: node-modules\n', 'yarn.lock': '' },
    add: ['add', '--dev'],
    run: ['run'],
  },
  'Yarn 4 with Plug’n’Play': {
    manager: 'yarn4',
    files: { '.yarnrc.yml': 'nodeLinker: pnp\n', 'yarn.lock': '' },
    add: ['add', '--dev'],
    run: ['run'],
  },
  Bun: { manager: 'bun', add: ['add', '--dev'], run: ['run', '--silent'] },
}

for (const [name, way] of Object.entries(WAYS)) {
  test(`${name} installs it; configuration, command, types and API work`, async () => {
    const project = writeFiles(join(folder, name.replaceAll(/\W/g, '-')), { ...PROJECT, ...way.files })
    const [command, ...prefix] = commandOf(managers, way.manager)
    const call = (args: readonly string[]) =>
      run(command, [...prefix, ...args], { cwd: project, env: managers.env, timeout: 180_000 })
    const lambdabin = (...args: string[]) => call([...way.run, 'lambdabin', ...args])

    await call([...way.add, packageOf(way.manager), TYPES])
    const { stderr } = await lambdabin('build')
    assert.match(stderr, /dist\/hello\.zip/)
    const { stdout } = await lambdabin('invoke', 'hello', '--event', '{"name":"command"}')
    assert.deepEqual(JSON.parse(stdout), { hello: 'command' })
    // Yarn's own loader of Plug’n’Play cannot start a program of TypeScript, nor can TypeScript's compiler find packages there.
    if (existsSync(join(project, 'node_modules/lambdabin'))) {
      assert.equal(await useApi(project, name === 'npm' ? ['build'] : []), 'API\n')
      await run(process.execPath, [TSC, '-p', '.'], { cwd: project })
    }
  })
}

test('with Yarn’s Plug’n’Play, packages are shipped out of their archives, each with what it needs itself', async () => {
  const project = writeFiles(join(folder, 'archives'), {
    'package.json': PROJECT['package.json'],
    '.yarnrc.yml': 'nodeLinker: pnp\n',
    'yarn.lock': '',
    // A native addon that a package of its own looks for, modules of workers, and a package with optional peers.
    'src/archived.ts': `import bcrypt from 'bcrypt'
import pino from 'pino'
import { WebSocketServer } from 'ws'

const log = pino({ transport: { target: 'pino-pretty', options: { destination: 1, sync: true, colorize: false } } })
export const handler = async () => {
  log.info('from a worker')
  await new Promise((resolve) => setTimeout(resolve, 500))
  return [await bcrypt.compare('a', await bcrypt.hash('a', 4)), typeof WebSocketServer]
}
`,
  })
  const [command, ...prefix] = commandOf(managers, 'yarn4')
  const yarn = (...args: string[]) =>
    run(command, [...prefix, ...args], { cwd: project, env: managers.env, timeout: 180_000 })
  await yarn('add', packageOf('yarn4'), 'bcrypt@6.0.0', 'pino@10.1.0', 'pino-pretty@13.1.2', 'ws@8.18.3')
  assert.ok(!existsSync(join(project, 'node_modules')))

  const { stderr } = await yarn('run', 'lambdabin', 'build', 'src/archived.ts', '--external', 'ws')
  assert.match(stderr, /ships +bcrypt 6\.0\.0 \(and .* for it\)/)
  assert.match(stderr, /ships +ws 8\.18\.3/)
  assert.doesNotMatch(stderr, /warning|Plug/)
  const { stdout } = await yarn('run', 'lambdabin', 'invoke', 'dist/archived.zip', '--event', '{}')
  assert.match(stdout, /\[true,"function"\]/)

  const again = ['run', 'lambdabin', 'build', 'src/archived.ts', '--external', 'ws']
  const unchanged = (await yarn(...again)).stderr
  assert.match(unchanged, /unchanged/)
  assert.doesNotMatch(unchanged, /bundle/)
  await yarn('add', 'ws@8.18.2')
  assert.match((await yarn(...again)).stderr, /ships +ws 8\.18\.2/)

  // A lambdabin that is not the project's own, and a program that Yarn has not started.
  const options = { cwd: project, env: managers.env, timeout: 180_000 }
  const other = [join(ROOT, 'bin/lambdabin.js'), 'build', 'src/archived.ts', '--force']
  assert.match((await run(process.execPath, other, options)).stderr, /ships +bcrypt 6\.0\.0 \(and /)
  const program = `const { build } = await import('${ROOT}/src/api/build.ts')
const result = await build({ functions: ['src/archived.ts'] })
console.log(result.ok ? 'built' : result.error.message)`
  const api = await run(process.execPath, ['--input-type=module', '--eval', program], options)
  assert.match(api.stdout, /is in an archive of Yarn’s Plug’n’Play, .* start it by Yarn/)
})

test('a workspace: functions in apps/api/src import packages/core, and lambdabin is in the one that builds', async () => {
  const project = writeFiles(join(folder, 'workspace'), {
    'package.json': { name: 'workspace', private: true },
    'pnpm-workspace.yaml': 'packages:\n  - packages/*\n  - apps/*\n',
    'packages/core/package.json': {
      name: '@acme/core',
      version: '1.0.0',
      type: 'module',
      exports: { '.': './src/index.ts', './money': './src/money.ts' },
    },
    'packages/core/src/index.ts': "export const currency: string = 'EUR'\n",
    'packages/core/src/money.ts': `import { currency } from './index.ts'
export const money = (amount: number): string => \`\${amount} \${currency}\`
`,
    'apps/api/package.json': {
      name: 'api',
      private: true,
      type: 'module',
      dependencies: { '@acme/core': 'workspace:*' },
      devDependencies: { lambdabin: packageOf('pnpm') },
    },
    'apps/api/lambdabin.config.ts': PROJECT['lambdabin.config.ts'],
    'apps/api/src/orders/index.ts': `import { money } from '@acme/core/money'
export const handler = async (event: { amount: number }) => money(event.amount)
`,
    'apps/api/src/users/index.ts': `import { currency } from '@acme/core'
export const handler = async () => ({ currency })
`,
  })
  const [command, ...prefix] = commandOf(managers, 'pnpm')
  const pnpm = (...args: string[]) =>
    run(command, [...prefix, ...args], { cwd: project, env: managers.env, timeout: 180_000 })
  await pnpm('install')
  await pnpm('--filter', 'api', 'exec', 'lambdabin', 'build')
  const { stdout } = await pnpm(
    '--filter',
    'api',
    'exec',
    'lambdabin',
    'invoke',
    'dist/orders.zip',
    '--event',
    '{"amount":7}',
  )
  assert.equal(stdout, '"7 EUR"')
  assert.ok(existsSync(join(project, 'apps/api/dist/users.zip')))
})

test('what lambdabin init writes type-checks', async () => {
  const options = { cwd: join(folder, 'npm'), env: managers.env, timeout: 120_000 }
  await run('npm', ['exec', '--', 'lambdabin', 'init', 'begun'], options)
  await run(process.execPath, [TSC, '-p', join(options.cwd, 'begun')], options)
})

test('the API tells an older Node.js which one it needs', {
  skip: !/^v(20|21|22\.1?\d\.)/.test(await versionOf(hostNode())) && 'the machine’s Node.js is not older',
}, async () => {
  const program = "await import('lambdabin/api')"
  const failure = run(hostNode(), ['--input-type=module', '--eval', program], {
    cwd: join(folder, 'npm'),
    env: managers.env,
  })
  await assert.rejects(
    failure,
    /lambdabin\/api needs Node\.js 22\.19 or later, and this is \d+\.\d+\.\d+; start/,
  )
})

/** Yarn wants to be told that it is a file; npm's and Bun's lock files do not mind. */
function packageOf(manager: string): string {
  return manager === 'yarn4' ? `lambdabin@file:${tarball}` : `file:${tarball}`
}

/** What the program of {@link PROJECT} says. */
async function useApi(project: string, args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, ['use-api.mts', ...args], { cwd: project, timeout: 180_000 })
  return stdout
}

async function versionOf(node: string): Promise<string> {
  return (await run(node, ['--version'])).stdout
}
