/** Each command of the README and of docs/ is run as it is written there; those that cannot be run here have their reason below. */

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import process from 'node:process'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type DocumentedCommand, documentedCommands, documentedFile } from './support/documented-commands.ts'
import { eventually } from './support/eventually.ts'
import { freePort } from './support/free-port.ts'
import { writeFiles } from './support/projects/files.ts'

const CLI = fileURLToPath(new URL('../src/cli.ts', import.meta.url))

/** Why commands are not run here, and what runs them elsewhere. */
const NOT_RUN: readonly (readonly [command: RegExp, reason: string])[] = [
  [/^npm install --save-dev lambdabin$/, 'it is not published yet; test/install/ installs its tarball'],
  [/^npm ci( && npm start)?$|^npm start$/, '.ci/run does, in a clean clone'],
  [/docker compose |--docker/, 'it takes an engine and images; test/docker/compose.test.ts runs them'],
  [
    /^curl -d .*\/functions\/function\/invocations$/,
    'of a container; test/docker/lambda-service.ts sends it',
  ],
  [/^npm run bench /, 'it takes minutes; test/bench/ runs its parts'],
  [/^sam (validate|build)/, 'test/examples/ runs it, where there is a SAM'],
  [/^npx serverless package$/, 'test/examples/ runs it, where there is a Serverless Framework'],
  [/^npx cdk synth$/, 'test/examples/ runs the app as this command does'],
  [/^npx lambdabin init$/, 'test/command-line/init/ runs it in several projects'],
  [/^npx lambdabin prefetch/, 'it downloads; test/command-line/prefetch/ runs it with a registry of its own'],
  [
    /^pulumi (stack|config)/,
    'it takes the command of Pulumi; test/examples/ runs the program that it would run',
  ],
  [
    /^(sam|npx cdk|npx serverless) deploy|^terraform (init|apply)|^pulumi up/,
    'it deploys to AWS, or asks a registry',
  ],
]

/** One that does not end by itself: the commands behind it in the block are for it. */
const SERVES = /^npx lambdabin serve /
const PORT = 9000

const aws = ['/usr/bin/aws', '/usr/local/bin/aws'].find(isAwsCli2)
const readelf = isThere('readelf')

let folder: string
let project: string
let env: NodeJS.ProcessEnv

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'lambdabin-commands-'))
  project = writeFiles(join(folder, 'project'), {
    'package.json': { name: 'project', private: true, type: 'module' },
    'lambdabin.config.json': { functions: 'src/functions/*.ts' },
    'src/functions/orders.ts': documentedFile('README.md', 'src/functions/orders.ts'),
    'event.json': { quantity: 3 },
    'stubs.yaml': '[]',
  })
  // npx, where lambdabin is installed.
  const npx = `#!/bin/sh\n[ "$1" = lambdabin ] || exit 127\nshift\nexec '${process.execPath}' -- '${CLI}' "$@"\n`
  writeFiles(join(folder, 'bin'), { npx, ...(aws && { aws: `#!/bin/sh\nexec '${aws}' "$@"\n` }) })
  for (const name of aws ? ['npx', 'aws'] : ['npx']) {
    chmodSync(join(folder, 'bin', name), 0o755)
  }
  env = {
    ...process.env,
    PATH: [join(folder, 'bin'), process.env.PATH].join(delimiter),
    HOME: folder,
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '', '.cache'),
    AWS_ACCESS_KEY_ID: 'any',
    AWS_SECRET_ACCESS_KEY: 'any',
    AWS_DEFAULT_REGION: 'us-east-1',
  }
})

after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

const commands = documentedCommands()
const isRun = ({ command }: DocumentedCommand): boolean => !NOT_RUN.some(([pattern]) => pattern.test(command))

test('each reason not to run a command is for one that is documented', () => {
  assert.ok(commands.length > 25, String(commands.length))
  for (const [pattern, reason] of NOT_RUN) {
    assert.ok(
      commands.some(({ command }) => pattern.test(command)),
      `nothing is ${pattern}: ${reason}`,
    )
  }
})

const blocks = Map.groupBy(commands.filter(isRun), ({ page, block }) => `${page}, block ${block + 1}`)

for (const [name, block] of blocks) {
  test(`${name}: ${block.map(({ command }) => command).join('; ')}`, async (t) => {
    await prepare(block)
    let endServer = async () => {}
    // The README's are for AWS itself: a local Lambda is in its place.
    let endpoint: string | undefined
    if (
      block.some(({ command }) => /^aws /.test(command)) &&
      !block.some(({ command }) => SERVES.test(command))
    ) {
      ;({ endpoint, end: endServer } = await serve('npx lambdabin serve'))
    }
    // Whatever fails: a server that is left would keep this process, and the next one's folder.
    t.after(() => endServer())
    for (const { command } of block) {
      if (SERVES.test(command)) {
        await endServer()
        ;({ endpoint, end: endServer } = await serve(command))
      } else if ((/^aws |response\.json$/.test(command) && !aws) || (/^readelf /.test(command) && !readelf)) {
        t.diagnostic(`not run, as the program is not installed: ${command}`)
      } else {
        await runs(forEndpoint(command, endpoint))
      }
    }
  })
}

/** What the page presumes: the function is built. */
async function prepare(block: readonly DocumentedCommand[]): Promise<void> {
  if (block.some(({ command }) => command.includes('dist/orders'))) {
    await runs('npx lambdabin build orders')
  }
}

function forEndpoint(command: string, endpoint: string | undefined): string {
  if (endpoint === undefined) {
    return command
  }
  return command.includes(`http://localhost:${PORT}`)
    ? command.replace(`http://localhost:${PORT}`, endpoint)
    : command.replace(/^aws lambda /, `aws lambda --endpoint-url ${endpoint} `)
}

/** Runs a command in the project; it must succeed. */
async function runs(command: string): Promise<void> {
  const child = spawn('sh', ['-c', command], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text
    })
  }
  const [status] = await once(child, 'close')
  assert.equal(status, 0, `${command}\n${said}`)
}

let servers = 0

/** Starts a server, at any port that is free instead of its own, and with no functions of another's. */
async function serve(command: string): Promise<{ endpoint: string; end: () => Promise<void> }> {
  const inspected = command.includes('--inspect') ? ` --inspect-port ${await freePort()}` : ''
  servers += 1
  const words = `exec ${command} --port 0 --state '${join(folder, `state-${servers}`)}'${inspected}`
  const child = spawn('sh', ['-c', words], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  })
  let said = ''
  let ended = false
  const closed = once(child, 'close').then(() => {
    ended = true
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text
    })
  }
  await eventually(() => ended || /--endpoint-url \S+/.test(said), `${command} listens`)
  const [, endpoint = ''] = /--endpoint-url (\S+)/.exec(said) ?? []
  assert.notEqual(endpoint, '', said)
  const end = async () => {
    child.kill('SIGTERM')
    await closed
  }
  return { endpoint, end }
}

function isAwsCli2(command: string): boolean {
  try {
    return /^aws-cli\/2\./.test(
      execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
  } catch {
    return false
  }
}

function isThere(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
