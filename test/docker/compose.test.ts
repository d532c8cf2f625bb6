/**
 * `docker-compose up`, for real: an engine of its own, base images that stand in for the pinned ones, a mirror of
 * Node.js. See `engine.ts` for what it takes; where that is not there, it is skipped and says why.
 */

import assert from 'node:assert/strict'
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readArchitecture } from '../../src/compiler/elf/elf-file.ts'
import { compareVersions, neededVersion } from '../../src/compiler/elf/elf-versions.ts'
import { runLambdabin } from '../support/command.ts'
import { type Engine, startEngine, whyNoEngine } from './engine.ts'
import { type Ended, run, runWell } from './processes.ts'
import { BASE_IMAGE, importImages, type Mirror, NODE_VERSION, startMirror } from './stand-ins.ts'

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url))
/** As docker-compose names it, after the project and the service. */
const IMAGE = 'lambdabin_builder'
/** Whoever has the project on the host: nobody that any image knows. */
const OWNER = { uid: 1234, gid: 1235 }
const CERTIFICATES = process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt'

test('docker-compose builds functions for every Lambda OS', {
  skip: whyNoEngine(),
  timeout: 1_800_000,
}, async (t) => {
  const engine = await startEngine().catch((error: Error) => error)
  if (engine instanceof Error) {
    return t.skip(`no Docker engine starts here: ${engine.message}`)
  }
  t.after(() => engine.stop())
  await importImages(engine)
  const probe = await run('docker', ['run', '--rm', BASE_IMAGE, 'true'], { env: engine.env })
  if (probe.status !== 0) {
    return t.skip(`the Docker engine runs no containers here: ${probe.output.trim()}`)
  }
  const mirror = await startMirror(engine)
  t.after(() => mirror.close())
  const project = await cloneProject(engine)
  const compose = composeIn(project, engine, mirror)
  const inspect = async (image: string, what: string) =>
    (await runWell('docker', ['image', 'inspect', '--format', `{{.${what}}}`, image], { env: engine.env }))
      .stdout
  const dist = join(project, 'dist')

  await t.test('a Node.js of another SHA-256 than the pinned one is not used', async () => {
    const { status, output } = await compose(['build'], { NODE_X64_SHA256: '0'.repeat(64) })
    assert.notEqual(status, 0)
    assert.match(output, new RegExp(`should have the SHA-256 0{64} and came with ${mirror.sha256.x64}`))
  })

  // Without it until here: the step that takes it does without, too.
  if (existsSync(CERTIFICATES)) {
    const file = join(project, 'extra-ca-certificates.pem')
    writeFileSync(file, readFileSync(CERTIFICATES))
    chownSync(file, OWNER.uid, OWNER.gid)
  }

  await t.test('build makes the image, with Node.js from a mirror', async () => {
    const started = performance.now()
    const { status, output } = await compose(['build'])
    assert.equal(status, 0, output.slice(-4000))
    const added = Number(await inspect(IMAGE, 'Size')) - Number(await inspect(BASE_IMAGE, 'Size'))
    t.diagnostic(`image: ${(added / 1e6).toFixed(0)} MB on top of its base; built in ${seconds(started)}`)
  })

  await t.test('up builds all of src/functions, for whoever owns the project, and ends', async () => {
    const started = performance.now()
    const { status, output } = await compose(['up', '--exit-code-from', 'builder'])
    assert.equal(status, 0, output)
    t.diagnostic(`first up, the image being there: ${seconds(started)}`)
    assert.match(output, /self-test +\d/)
    assert.doesNotMatch(output, /note:/)
    assert.match(output, /needs +glibc 2\.17/)
    assert.match(output, /runs on +provided \(.*\), provided\.al2, provided\.al2023/)
    assert.deepEqual(readdirSync(dist).sort(), ['echo', 'echo.zip'])
    for (const path of ['', 'echo.zip', 'echo', 'echo/bootstrap', 'echo/echo']) {
      const { uid, gid } = lstatSync(join(dist, path))
      assert.deepEqual({ uid, gid }, OWNER, path)
    }
    assert.deepEqual(
      readdirSync(project).filter((name) => lstatSync(join(project, name)).uid !== OWNER.uid),
      [],
    )
  })

  await t.test('a function of Node.js’s network modules lacks nothing, whoever builds it', async () => {
    writeFileSync(
      join(project, 'src', 'network.ts'),
      "import { randomUUID } from 'node:crypto'\nimport { Agent } from 'node:https'\nimport { homedir } from 'node:os'\n" +
        'export const agent = new Agent()\nexport const handler = async () => [randomUUID(), homedir()]\n',
    )
    const { status, output } = await compose(['up', '--exit-code-from', 'builder'], {
      ENTRY: 'src/network.ts',
    })
    assert.equal(status, 0, output)
    // Such as of a code cache, or a read-ahead, that it goes without.
    assert.doesNotMatch(output, /note:/)
  })

  await t.test('the executable needs nothing newer than glibc 2.17 and libstdc++ of GCC 4.8', () => {
    const executable = readFileSync(join(dist, 'echo', 'echo'))
    for (const [prefix, newest] of [
      ['GLIBC', '2.17'],
      ['GLIBCXX', '3.4.19'],
    ] as const) {
      const needed = neededVersion(executable, 'echo', prefix)
      assert.ok(needed === undefined || compareVersions(needed, newest) <= 0, `${prefix}_${needed}`)
    }
  })

  await t.test('the zip answers on the host', async () => {
    assert.deepEqual(await invokeEcho(project), { text: 'Hello' })
  })

  await t.test(
    'an edit is built by the next up, with the same image; build makes no new one either',
    async () => {
      const before = await inspect(IMAGE, 'Id')
      const file = join(project, 'src', 'functions', 'echo.ts')
      const source = readFileSync(file, 'utf8')
      writeFileSync(file, `${source}\nconsole.log('edited')\n`)
      const started = performance.now()
      const { status, output } = await compose(['up', '--exit-code-from', 'builder'])
      assert.equal(status, 0, output)
      t.diagnostic(`up after an edit: ${seconds(started)}`)
      const { stderr } = await runLambdabin(['invoke', 'dist/echo.zip', '--event', '{}'], { cwd: project })
      assert.match(stderr, /\tedited$/m)
      writeFileSync(file, source)
      assert.equal((await compose(['build'])).status, 0)
      assert.equal(await inspect(IMAGE, 'Id'), before)
    },
  )

  await t.test(
    'a build that fails says what the command line says, ends with its status, and leaves what was there',
    async () => {
      const before = readFileSync(join(dist, 'echo.zip'))
      writeFileSync(
        join(project, 'src', 'broken.ts'),
        'export const handler = (event) => {\n  return event..text\n}\n',
      )
      const variables = { ENTRY: 'src\\broken.ts', NAME: 'echo' }
      const onHost = await runLambdabin(['build', 'src/broken.ts', '--name', 'echo'], { cwd: project })
      const inContainer = await compose(['run', '--rm', 'builder'], variables)
      assert.equal(inContainer.status, onHost.status)
      assert.match(onHost.stderr, /src\/broken\.ts:2:/)
      assert.ok(inContainer.output.includes(onHost.stderr.trim()), inContainer.output)
      assert.equal((await compose(['up', '--exit-code-from', 'builder'], variables)).status, onHost.status)
      assert.ok(readFileSync(join(dist, 'echo.zip')).equals(before))
    },
  )

  await t.test(
    'a function that is not there is told as the command line does, with its exit status',
    async () => {
      const { status, output } = await compose(['run', '--rm', 'builder'], { ENTRY: 'src/functions/none.ts' })
      assert.equal(status, 2)
      assert.match(
        output,
        /^lambdabin: expected the file of a function, and src\/functions\/none\.ts cannot be read/m,
      )
    },
  )

  await t.test('packages that may have changed since the image was made are told', async () => {
    const file = join(project, 'package-lock.json')
    const lock = readFileSync(file, 'utf8')
    writeFileSync(file, `${lock}\n`)
    const { output } = await compose(['run', '--rm', 'builder'], { ENTRY: 'src/functions/none.ts' })
    assert.match(output, /^note: package-lock\.json is not the one .* docker-compose build$/m)
    writeFileSync(file, lock)
  })

  await t.test(
    'ENTRY, NAME and ARCH choose what is built: an executable for arm64, with what it lacks',
    async () => {
      const variables = { ENTRY: 'src/functions/echo.ts', NAME: 'echo-arm64', ARCH: 'arm64' }
      const { status, output } = await compose(['up', '--exit-code-from', 'builder'], variables)
      assert.equal(status, 0, output)
      assert.match(
        output,
        /note: nothing for Linux on arm64 runs on this machine, so the executable was not tried/,
      )
      const file = join(dist, 'echo-arm64', 'echo-arm64')
      assert.equal(readArchitecture(readFileSync(file), file), 'arm64')
    },
  )

  await t.test(
    'a package that the image has and the project has not can be imported, and shipped',
    async () => {
      rmSync(join(project, 'node_modules'), { recursive: true, force: true })
      writeFileSync(
        join(project, 'src', 'imports.ts'),
        "import { init } from 'es-module-lexer'\nexport const handler = async () => typeof init\n",
      )
      const { status, output } = await compose(['run', '--rm', 'builder', '--external', 'es-module-lexer'], {
        ENTRY: 'src/imports.ts',
      })
      assert.equal(status, 0, output)
      assert.ok(existsSync(join(dist, 'imports', 'node_modules', 'es-module-lexer', 'package.json')))
    },
  )

  await t.test('up lambda answers curl from the package, and a bare up has not started it', async () => {
    const containers = await runWell('docker', ['ps', '--all', '--format', '{{.Image}}'], { env: engine.env })
    assert.doesNotMatch(containers.stdout, /public\.ecr\.aws/)
    const port = await freePort()
    const variables = { PORT: String(port) }
    try {
      assert.equal((await compose(['up', '--detach', 'lambda'], variables)).status, 0)
      const answer = await postUntilAnswered(
        `http://127.0.0.1:${port}/2015-03-31/functions/function/invocations`,
      )
      assert.deepEqual(answer.event, { text: 'Hello' })
    } finally {
      await compose(['stop', '--timeout', '1'], variables)
    }
  })

  await t.test('lambda without a package says what to do first', async () => {
    const { status, output } = await compose(['run', '--rm', 'lambda'], { NAME: 'nothing' })
    assert.equal(status, 1)
    assert.match(output, /expected a built package in dist\/nothing\/, .*build it first: docker-compose up/)
    assert.ok(!existsSync(join(dist, 'nothing')))
  })

  await t.test('everything goes: containers and network', async () => {
    assert.equal((await compose(['down', '--timeout', '1'])).status, 0)
  })
})

/** What is checked out here, as it is now, in a folder of another user. */
async function cloneProject({ folder }: Engine): Promise<string> {
  const project = join(folder, 'project')
  mkdirSync(project)
  await runWell(
    'sh',
    [
      '-ec',
      `git ls-files -z --cached --others --exclude-standard --deduplicate | grep -zv '^test/' | tar -c --null --ignore-failed-read -T - | tar -x -C '${project}'`,
    ],
    { cwd: REPOSITORY },
  )
  const registry = (await runWell('npm', ['config', 'get', 'registry'], { cwd: folder })).stdout.trim()
  writeFileSync(join(project, '.npmrc'), `${readFileSync(join(project, '.npmrc'))}\nregistry=${registry}\n`)
  await runWell('chown', ['-R', `${OWNER.uid}:${OWNER.gid}`, project])
  return project
}

type Compose = (parameters: readonly string[], variables?: Readonly<Record<string, string>>) => Promise<Ended>

function composeIn(project: string, engine: Engine, mirror: Mirror): Compose {
  const { ENTRY: _entry, NAME: _name, ARCH: _arch, PORT: _port, ...env } = engine.env
  const pinned = {
    COMPOSE_PROJECT_NAME: 'lambdabin',
    NODE_VERSION,
    NODE_X64_MIRROR: mirror.url,
    NODE_X64_SHA256: mirror.sha256.x64,
    NODE_ARM64_MIRROR: mirror.url,
    NODE_ARM64_SHA256: mirror.sha256.arm64,
  }
  return (parameters, variables = {}) =>
    run('docker-compose', ['--ansi', 'never', ...parameters], {
      cwd: project,
      env: { ...env, ...pinned, ...variables },
    })
}

async function invokeEcho(project: string): Promise<unknown> {
  const { status, stdout, stderr } = await runLambdabin(
    ['invoke', 'dist/echo.zip', '--event', '{"text":"Hello"}'],
    { cwd: project },
  )
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout).event
}

/** A port that nobody had a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** The container says nothing when its server listens, so it is asked until it answers, for half a minute. */
async function postUntilAnswered(url: string): Promise<{ event: unknown }> {
  let problem: unknown
  for (let attempt = 0; attempt < 120; attempt += 1) {
    try {
      const response = await fetch(url, {
        method: 'POST',
        body: '{"text":"Hello"}',
        signal: AbortSignal.timeout(30_000),
      })
      return (await response.json()) as { event: unknown }
    } catch (error) {
      problem = error
      await new Promise((resolve) => setTimeout(resolve, 250))
    }
  }
  throw new Error(`${url} did not answer`, { cause: problem })
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
