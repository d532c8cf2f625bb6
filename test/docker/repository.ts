/** `docker-compose up` in lambdabin's own repository: the way of two lines. */

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { readArchitecture } from '../../src/compiler/elf/elf-file.ts'
import { compareVersions, neededVersion } from '../../src/compiler/elf/elf-versions.ts'
import { runLambdabin } from '../support/projects/command.ts'
import { writeFiles } from '../support/projects/files.ts'
import type { Ended } from './processes.ts'
import { assertOwned, giveToOwner, type Session, seconds } from './session.ts'
import { BASE_IMAGE } from './stand-ins.ts'

const UP = ['up', '--exit-code-from', 'builder']
const RUN = ['run', '--rm', 'builder']

/** As docker-compose names it, after the project's folder and the service. */
const IMAGE = 'project_builder'

const NETWORK = `import { randomUUID } from 'node:crypto'
import { Agent } from 'node:https'
import { homedir } from 'node:os'
export const agent = new Agent()
export const handler = async () => [randomUUID(), homedir()]
`
const MISSING = "import { nanoid } from 'nanoid'\nexport const handler = async () => nanoid()\n"

export async function testRepository(t: TestContext, session: Session, project: string): Promise<void> {
  const subject: Subject = {
    session,
    project,
    dist: join(project, 'dist'),
    functions: join(project, 'src/functions'),
    compose: (words, variables = {}) => session.compose(project, words, { variables }),
  }
  await testFirstBuild(t, subject)
  await testResults(t, subject)
  await testRebuilding(t, subject)
  await testFailures(t, subject)
  await testChoices(t, subject)
}

interface Subject {
  readonly session: Session
  readonly project: string
  readonly dist: string
  readonly functions: string
  compose(words: readonly string[], variables?: Readonly<Record<string, string>>): Promise<Ended>
}

async function testFirstBuild(
  t: TestContext,
  { session, project, dist, functions, compose }: Subject,
): Promise<void> {
  const size = async (image: string) =>
    Number(await session.docker(['image', 'inspect', '--format', '{{.Size}}', image]))

  await t.test('build makes the image, with Node.js from a mirror', async () => {
    const started = performance.now()
    const { status, output } = await compose(['build'])
    assert.equal(status, 0, output.slice(-4000))
    const added = (await size(IMAGE)) - (await size(BASE_IMAGE))
    t.diagnostic(`image: ${(added / 1e6).toFixed(0)} MB on top of its base; built in ${seconds(started)}`)
  })

  await t.test(
    'up builds all functions for whoever owns the project, and ends; one that fails does not keep the others',
    async () => {
      writeFiles(functions, { 'broken.ts': MISSING, 'network.ts': NETWORK })
      await giveToOwner(functions)
      const started = performance.now()
      const { status, output } = await compose(UP)
      for (const name of ['broken.ts', 'network.ts']) {
        rmSync(join(functions, name))
      }
      t.diagnostic(`first up, two functions, the image being there: ${seconds(started)}`)
      assert.equal(status, 1, output)
      assert.match(output, /1 of 3 functions could not be built: broken; it says above why/)
      assert.match(output, /The package nanoid is not installed .*: npm install nanoid$/m)
      assert.match(output, /docker-compose run --rm builder npm install/)
      assert.doesNotMatch(output, /mark the path/)
      assert.match(output, /self-test +\d/)
      // Such as of a code cache, or a read-ahead, that it goes without.
      assert.doesNotMatch(output, /note:/)
      assert.deepEqual(readdirSync(dist).sort(), ['echo', 'echo.zip', 'network', 'network.zip'])
      assertOwned(project, ['dist', 'dist/echo.zip', 'dist/echo', 'dist/echo/bootstrap', 'dist/echo/echo'])
    },
  )
}

async function testResults(t: TestContext, { project, dist }: Subject): Promise<void> {
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

  await t.test('the zips answer on the host', async () => {
    const answers = ['echo', 'network'].map(async (name) => {
      const args = ['invoke', `dist/${name}.zip`, '--event', '{"text":"Hello"}', '--timeout', '30']
      const { status, stdout, stderr } = await runLambdabin(args, { cwd: project })
      assert.equal(status, 0, stderr)
      return JSON.parse(stdout)
    })
    const [echo, network] = await Promise.all(answers)
    assert.deepEqual(echo.event, { text: 'Hello' })
    assert.match(network[0], /^[0-9a-f-]{36}$/)
  })
}

async function testRebuilding(
  t: TestContext,
  { session, project, functions, compose }: Subject,
): Promise<void> {
  await t.test(
    'an edit is built by the next up with the same image, quicker; build makes no new one either',
    async () => {
      const id = () => session.docker(['image', 'inspect', '--format', '{{.Id}}', IMAGE])
      const before = await id()
      const file = join(functions, 'echo.ts')
      const source = readFileSync(file, 'utf8')
      writeFileSync(file, `${source}\nconsole.log('edited')\n`)
      const started = performance.now()
      // Another container: what it keeps is in the volume.
      const { status, output } = await compose(RUN)
      assert.equal(status, 0, output)
      t.diagnostic(`up after an edit: ${seconds(started)}`)
      const [, readAhead = ''] = /read-ahead +([\d.]+) s/.exec(output) ?? []
      assert.match(output, /needs +glibc 2\.17/)
      assert.match(output, /runs on +provided \(.*\), provided\.al2, provided\.al2023/)
      assert.doesNotMatch(output, /note:/)
      assert.ok(Number(readAhead) < 3, `what a start touches is known by now: read-ahead ${readAhead} s`)
      const { stderr } = await runLambdabin(['invoke', 'dist/echo.zip', '--event', '{}'], { cwd: project })
      assert.match(stderr, /\tedited$/m)
      writeFileSync(file, source)
      assert.equal((await compose(['build'])).status, 0)
      assert.equal(await id(), before)
    },
  )

  await t.test('packages of another lock file than the image’s are installed into the cache', async () => {
    const file = join(project, 'package-lock.json')
    const lock = readFileSync(file, 'utf8')
    writeFileSync(file, `${lock}\n`)
    for (const installs of [true, false]) {
      const { output } = await compose([...RUN, '--version'])
      assert.match(output, /^note: package-lock\.json is not the one .* docker-compose build$/m)
      assert.equal(/installing the packages of lambdabin/.test(output), installs, output)
      assert.match(output, /^\d+\.\d+\.\d+$/m)
    }
    writeFileSync(file, lock)
  })
}

async function testFailures(t: TestContext, { project, dist, compose }: Subject): Promise<void> {
  await t.test(
    'a build that fails says what the command line says, ends with its status, and leaves what was there',
    async () => {
      const before = readFileSync(join(dist, 'echo.zip'))
      writeFiles(project, {
        'src/broken.ts': 'export const handler = (event) => {\n  return event..text\n}\n',
      })
      const variables = { ENTRY: 'src\\broken.ts', NAME: 'echo' }
      const onHost = await runLambdabin(['build', 'src/broken.ts', '--name', 'echo'], { cwd: project })
      const inContainer = await compose(RUN, variables)
      assert.equal(inContainer.status, onHost.status)
      assert.match(onHost.stderr, /src\/broken\.ts:2:/)
      assert.ok(inContainer.output.includes(onHost.stderr.trim()), inContainer.output)
      assert.equal((await compose(UP, variables)).status, onHost.status)
      assert.ok(readFileSync(join(dist, 'echo.zip')).equals(before))
      rmSync(join(project, 'src/broken.ts'))
    },
  )

  await t.test('what cannot be is told in a sentence, with the status of wrong usage', async () => {
    for (const [ENTRY, message] of [
      [
        'src/functions/none.ts',
        /^lambdabin: expected the file of a function, and src\/functions\/none\.ts cannot be read/m,
      ],
      ['/etc/passwd', /^lambdabin: ENTRY expects a file below the folder with docker-compose\.yml/m],
    ] as const) {
      const { status, output } = await compose(RUN, { ENTRY })
      assert.equal(status, 2)
      assert.match(output, message)
    }
  })
}

async function testChoices(t: TestContext, { project, dist, compose }: Subject): Promise<void> {
  await t.test('whole commands have the image’s Node.js, for any architecture, and fetch none', async () => {
    const { status, output } = await compose([...RUN, 'prefetch', '--arch', 'x64,arm64', '--intl', 'en'])
    assert.equal(status, 0, output)
    assert.match(output, /Node\.js \d+\.\d+\.\d+ for x64, Intl for en is ready/)
    assert.match(output, /Node\.js \d+\.\d+\.\d+ for arm64, Intl for en is ready/)
    assert.doesNotMatch(output, /fetching/)
  })

  await t.test(
    'a file .env from Windows chooses what is built: an executable for arm64, with what it lacks',
    async () => {
      writeFiles(project, { '.env': 'ENTRY=src\\functions\\echo.ts\r\nNAME=echo-arm64\r\nARCH=arm64\r\n' })
      const { status, output } = await compose(UP)
      rmSync(join(project, '.env'))
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
      writeFiles(project, {
        'src/imports.ts':
          "import { init } from 'es-module-lexer'\nexport const handler = async () => typeof init\n",
      })
      const { status, output } = await compose([...RUN, '--external', 'es-module-lexer'], {
        ENTRY: 'src/imports.ts',
        NAME: 'imports',
      })
      assert.equal(status, 0, output)
      assert.ok(existsSync(join(dist, 'imports/node_modules/es-module-lexer/package.json')))
      assert.deepEqual(
        readdirSync(dist).filter((name) => name.startsWith('.')),
        [],
      )
    },
  )
}
