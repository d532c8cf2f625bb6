/**
 * Measures the container of docker-compose.yml, and writes the table in docs/docker.md:
 *
 *     node scripts/measure-docker.ts [--write] [--rounds 11]
 *
 * Needs Docker with Compose, and root, to empty the page cache before a cold start. In a copy of the checkout and with
 * a compose project of its own it makes the image, builds the echo function with an empty cache volume, and again after an edit.
 * Then it starts three executables in turn: the container's, one built outside of the same Node.js, and the plain build's. The
 * base images have to be there, or are pulled before anything is timed; variables of docker-compose.yml are taken.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { lambdaVariables } from './bench/contenders.ts'
import { middleOf } from './bench/results.ts'
import { compileC, type Measurement, type Runtime, runUnderServer } from './bench/runtime-api-server.ts'
import { markdownTable } from './bench/tables.ts'
import { writeSection } from './bench/written-sections.ts'

const REPOSITORY = fileURLToPath(new URL('../', import.meta.url))
const PAGE = join(REPOSITORY, 'docs/docker.md')
const MARKERS = {
  start: '<!-- made by node scripts/measure-docker.ts --write -->',
  end: '<!-- end of what node scripts/measure-docker.ts makes -->',
}
const LAMBDABIN = join(REPOSITORY, 'bin/lambdabin.js')
const EVENT = '{"text":"Hello"}'
/** The images that the Dockerfile begins with; the second is what its size is counted without. */
const BASES = ['python:3.13-slim-bookworm', 'amazonlinux:2017.03.1.20170812'] as const
/** Of one start. */
const INVOCATIONS = 3

interface Started {
  readonly name: string
  readonly node: string
  readonly runtime: Runtime
  readonly warm: number[]
  readonly cold: number[]
}

const { values } = parseArgs({
  options: { write: { type: 'boolean', default: false }, rounds: { type: 'string', default: '11' } },
})
const rounds = Number(values.rounds)
if (!Number.isInteger(rounds) || rounds < 1) {
  throw new Error(`expected --rounds with a whole number above 0, and got ${values.rounds}`)
}
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-measure-'))
const project = join(folder, 'checkout')
const compose = composeCommand()
try {
  const report = await measure()
  process.stdout.write(`${report}\n`)
  if (values.write) {
    writeSection(PAGE, report, MARKERS)
  }
} finally {
  runCompose(['down', '--volumes', '--rmi', 'local'])
  rmSync(folder, { recursive: true, force: true })
}

async function measure(): Promise<string> {
  const [load = 0] = loadavg()
  copyCheckout()
  for (const base of BASES) {
    if (spawnSync('docker', ['image', 'inspect', base], { stdio: 'ignore' }).status !== 0) {
      execFileSync('docker', ['pull', base], { stdio: ['ignore', 2, 2] })
    }
  }
  const image = timed('making the image', () => mustCompose(['build', '--no-cache']))
  const first = timed('the first up', () => mustCompose(['up', '--exit-code-from', 'builder']))
  appendFileSync(join(project, 'src/functions/echo.ts'), "console.log('edited')\n")
  const edited = timed('up after an edit', () => mustCompose(['up', '--exit-code-from', 'builder']))
  const { zipBytes, nodeVersion, added, system } = facts()
  const times = markdownTable(
    [`on ${availableParallelism()} cores`, ''],
    [
      ['making the image, with its downloads', `${image} s`],
      [`the image, on top of ${system}`, `${(added / 1e6).toFixed(0)} MB`],
      ['the first `up`, of one function', `${first} s`],
      ['`up` after an edit', `${edited} s`],
      ['the echo zip', `${(zipBytes / 1e6).toFixed(1)} MB`],
    ],
  )
  const started = await startAll(nodeVersion)
  const starts = markdownTable(
    ['the first response of the echo function, ms', 'Node.js', 'warm', 'cold page cache'],
    started.map(({ name, node, warm, cold }) => [name, node, median(warm, 1), median(cold, 1)]),
    2,
  )
  return [times, starts, note(started, nodeVersion, system), ...whatElseRan(load)].join('\n\n')
}

/** Where others work at the same time, times say more of that than of what is measured; ratios of alternating starts hold. */
function whatElseRan(load: number): string[] {
  return load > availableParallelism() / 2
    ? [
        `Other work kept the machine busy (a load of ${load.toFixed(1)} before it began): on a quiet one all of it is quicker.`,
      ]
    : []
}

function note([container, same]: readonly Started[], nodeVersion: string, system: string): string {
  const mirror = process.env.NODE_X64_MIRROR ? ', from a mirror,' : ''
  const beside = (of: 'warm' | 'cold') =>
    median(
      (container?.[of] ?? []).map((ms, round) => ms / (same?.[of][round] ?? Number.NaN)),
      2,
    )
  return (
    `Medians of ${rounds} starts, alternating, on one CPU. The container’s takes ${beside('warm')} times as long as the one that is built ` +
    `outside of the same Node.js, and with a cold page cache ${beside('cold')} times: medians of the rounds’ ratios. The container was ` +
    `made of ${system} with Node.js ${nodeVersion}${mirror} on ${new Date().toISOString().slice(0, 10)}.`
  )
}

/** As it is now, without what git does not know. */
function copyCheckout(): void {
  mkdirSync(project)
  const list = 'git ls-files -z --cached --others --exclude-standard --deduplicate'
  execFileSync('sh', ['-ec', `${list} | tar -c --null --ignore-failed-read -T - | tar -x -C "$0"`, project], {
    cwd: REPOSITORY,
  })
  const certificates = process.env.NODE_EXTRA_CA_CERTS
  if (certificates) {
    copyFileSync(certificates, join(project, 'extra-ca-certificates.pem'))
  }
}

function facts() {
  const args = [...compose.slice(1), 'run', '--rm', 'builder', 'build', 'src/functions/echo.ts', '--json']
  const stdout = execFileSync(compose[0], args, composeOptions(['ignore', 'pipe', 'ignore'])).toString()
  const [built] = JSON.parse(stdout.slice(stdout.indexOf('{'))).functions
  const size = (image: string) =>
    Number(execFileSync('docker', ['image', 'inspect', '--format', '{{.Size}}', image]).toString())
  return {
    zipBytes: statSync(join(project, 'dist/echo.zip')).size,
    nodeVersion: String(built.nodeVersion),
    added: size(imageName()) - size(BASES[1]),
    system: systemOf(BASES[1]),
  }
}

/** As the image calls itself: where the real one cannot be had, another has its name. */
function systemOf(image: string): string {
  const read = ['run', '--rm', '--entrypoint', 'cat', image, '/etc/os-release']
  const [, name] = /^PRETTY_NAME="?([^"\n]+)/m.exec(execFileSync('docker', read).toString()) ?? []
  return name ?? image
}

/** Compose v1 puts `_` between the project's and the service's name, v2 `-`. */
function imageName(): string {
  const [name] = ['checkout_builder', 'checkout-builder'].filter(
    (image) => spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore' }).status === 0,
  )
  if (name === undefined) {
    throw new Error('docker-compose has made no image checkout_builder or checkout-builder')
  }
  return name
}

async function startAll(nodeVersion: string): Promise<Started[]> {
  const node = join(folder, 'node')
  const container = execFileSync('docker', ['create', imageName()]).toString().trim()
  execFileSync('docker', ['cp', `${container}:/lambdabin/node/x64/bin/node`, node])
  execFileSync('docker', ['rm', container], { stdio: 'ignore' })
  const source = join(project, 'src/functions/echo.ts')
  const all = [
    started('the container’s', { folder: join(project, 'dist/echo'), nodeVersion }),
    started('built outside, of the same Node.js', build(source, 'same', ['--node', node])),
    started('built outside, as usual', build(source, 'plain', [])),
  ]
  const server = compileC('runtime-api-server', folder)
  for (const { runtime } of all) {
    await runUnderServer(server, runtime, { invocations: INVOCATIONS, cpu: 0, isReadAnew: true })
  }
  for (let round = 0; round < rounds; round++) {
    // Each is the first one as often as the others.
    for (const { runtime, warm, cold } of [
      ...all.slice(round % all.length),
      ...all.slice(0, round % all.length),
    ]) {
      const options = { invocations: INVOCATIONS, cpu: 0 }
      // Once unmeasured: some machines drop the pages of what does not run within seconds.
      await runUnderServer(server, runtime, options)
      warm.push(firstResponse(await runUnderServer(server, runtime, options)))
      cold.push(firstResponse(await runUnderServer(server, runtime, { ...options, isCold: true })))
    }
  }
  return all
}

function firstResponse({ firstResponseMs, firstResponse: text }: Measurement): number {
  if (JSON.parse(text).event.text !== 'Hello') {
    throw new Error(`the echo function should have answered with its event, and said ${text}`)
  }
  return firstResponseMs
}

interface Built {
  readonly folder: string
  readonly nodeVersion: string
}

function started(name: string, built: Built): Started {
  const runtime: Runtime = {
    command: [join(built.folder, 'echo')],
    env: { ...lambdaVariables('echo'), LAMBDA_TASK_ROOT: built.folder, _HANDLER: 'echo' },
    cwd: built.folder,
    event: EVENT,
  }
  return { name, node: built.nodeVersion, runtime, warm: [], cold: [] }
}

function build(source: string, name: string, options: readonly string[]): Built {
  const args = ['build', source, '--json', '--out-dir', join(folder, name), ...options]
  const stdout = execFileSync(process.execPath, [LAMBDABIN, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
  return JSON.parse(stdout.toString()).functions[0]
}

/** Seconds, with one decimal. */
function timed(what: string, work: () => void): string {
  process.stderr.write(`${what} … `)
  const from = performance.now()
  work()
  const seconds = ((performance.now() - from) / 1000).toFixed(1)
  process.stderr.write(`${seconds} s\n`)
  return seconds
}

function composeCommand(): [string, ...string[]] {
  const hasPlugin = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0
  return hasPlugin ? ['docker', 'compose'] : ['docker-compose']
}

function composeOptions(stdio: ('ignore' | 'pipe' | number)[]) {
  const { ENTRY: _entry, NAME: _name, ARCH: _arch, INTL: _intl, ...env } = process.env
  return { cwd: project, env: { ...env, COMPOSE_PROJECT_NAME: 'checkout' }, stdio }
}

function runCompose(words: readonly string[]) {
  const { status, output } = spawnSync(compose[0], [...compose.slice(1), ...words], {
    ...composeOptions(['ignore', 'pipe', 'pipe']),
    encoding: 'utf8',
  })
  return { status, said: output?.join('') ?? '' }
}

function mustCompose(words: readonly string[]): void {
  const { status, said } = runCompose(words)
  if (status !== 0) {
    throw new Error(`${compose.join(' ')} ${words.join(' ')} ended with ${status}:\n${said.slice(-4000)}`)
  }
}

function median(values: readonly number[], decimals: number): string {
  return middleOf(values).toFixed(decimals)
}
