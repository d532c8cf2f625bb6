/** Somebody's own project, with the npm package of lambdabin: `lambdabin build --docker`, and a compose file. */

import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runLambdabin } from '../support/projects/command.ts'
import { writeFiles } from '../support/projects/files.ts'
import { commandOf, installPackageManagers } from '../support/projects/package-managers.ts'
import { packAndUnpack } from '../support/projects/packed-package.ts'
import type { Engine } from './engine.ts'
import { run, runWell } from './processes.ts'
import { addCertificates, assertOwned, giveToOwner, runAsOwner, type Session, seconds } from './session.ts'

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const GUIDE = fileURLToPath(new URL('../../docs/docker.md', import.meta.url))

/** Nothing of it may be in an image or a package. */
const TOKEN = 'npm_ThisTokenIsNobodysBusiness0123456789'

const PICTURE = `import sharp from 'sharp'
import { nanoid } from 'nanoid'
const red = { create: { width: 3, height: 3, channels: 3, background: 'red' } } as const
export const handler = async () => ({ id: nanoid(), png: (await sharp(red).png().toBuffer()).length })
`
const TABLE = `import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
const client = new DynamoDBClient({ region: 'eu-west-1' })
export const handler = async () => [await client.config.region(), randomUUID()]
`

const CHECK = `import bcrypt from 'bcrypt'
export const handler = async () => bcrypt.compare('a', await bcrypt.hash('a', 4))
`

export interface OwnProject {
  readonly project: string
  /** One with Yarn's Plug'n'Play, whose packages are in archives in another place. */
  readonly archived: string
  /** The folder that npm would install, with lambdabin's dependencies beside it. */
  readonly installed: string
}

/** Makes what {@link testOwnProject} takes; nothing of it takes the engine. */
export async function prepareOwnProject(t: TestContext, engine: Engine): Promise<OwnProject> {
  const installed = await packForOwner(t, engine)
  // Blanks, letters that are not ASCII, and what separates the engine's own words.
  const project = writeFiles(join(engine.folder, 'mein Laden, ü'), {
    'package.json': { type: 'module', dependencies: { nanoid: '5.1.6', sharp: '0.34.5' } },
    '.npmrc': `//registry.example/:_authToken=${TOKEN}\n`,
    'src/picture.ts': PICTURE,
    'src/broken.ts': "export { handler } from './gone.ts'\n",
    'events/any.json': {},
  })
  await runWell('npm', ['install', '--os=darwin', '--cpu=arm64', '--ignore-scripts', '--loglevel=error'], {
    cwd: project,
  })
  await giveToOwner(project)
  return { project, archived: await prepareArchivedProject(engine), installed }
}

async function prepareArchivedProject({ folder }: Engine): Promise<string> {
  const managers = await installPackageManagers(join(folder, 'managers'))
  const project = writeFiles(join(folder, 'archived'), {
    'package.json': { type: 'module' },
    '.yarnrc.yml': 'nodeLinker: pnp\nenableGlobalCache: true\n',
    'yarn.lock': '',
    'src/check.ts': CHECK,
  })
  const [command, ...prefix] = commandOf(managers, 'yarn4')
  await runWell(command, [...prefix, 'add', 'bcrypt@6.0.0'], { cwd: project, env: managers.env })
  await giveToOwner(project)
  return project
}

export async function testOwnProject(
  t: TestContext,
  session: Session,
  { project, archived, installed }: OwnProject,
): Promise<void> {
  const { engine } = session

  await t.test(
    'build --docker makes its image once, and builds an ordinary user’s project with node_modules of macOS',
    async () => {
      const before = listing(project)
      const args = [
        'build',
        '--docker',
        'src/picture.ts',
        '--external',
        'sharp',
        '--event',
        'events/any.json',
        ...['--budget', 'zip=90MB', '--budget-summary', 'summary.md'],
      ]
      const started = performance.now()
      const first = await runAsOwner(session, project, [...args, '--json'], { installed })
      t.diagnostic(`build --docker, with its image to make: ${seconds(started)}`)
      assert.equal(first.status, 0, first.output.slice(-4000))
      assert.match(first.output, /making the image lambdabin:/)
      assert.match(first.output, /sharp was installed for another system; taking what Linux on x64 needs/)
      const [built] = JSON.parse(first.stdout).functions
      assert.deepEqual(built.shortcomings, [])
      assert.equal(built.zip, join(project, 'dist/picture.zip'))
      assertOwned(project, ['dist', 'dist/picture.zip', 'dist/picture/bootstrap'])
      const shipped = readdirSync(join(project, 'dist/picture/node_modules/@img'))
      for (const name of ['sharp-libvips-linux-x64', 'sharp-linux-x64']) {
        assert.ok(shipped.includes(name), `${shipped}`)
      }
      const answer = await runLambdabin(
        ['invoke', 'dist/picture.zip', '--timeout', '60', '--memory', '1024'],
        { cwd: project },
      )
      assert.equal(answer.status, 0, answer.stderr)
      assert.ok(JSON.parse(answer.stdout).png > 50)
      assert.ok(JSON.parse(readFileSync(join(project, 'lambdabin.budget.json'), 'utf8')).picture.zip > 20e6)
      assert.match(readFileSync(join(project, 'summary.md'), 'utf8'), /\| picture \| zip \|/)
      const files = ['lambdabin.budget.json', 'summary.md']
      assertOwned(project, files)
      for (const name of ['dist', ...files]) {
        rmSync(join(project, name), { recursive: true })
      }
      assert.equal(listing(project), before, 'the project is as it was')
    },
  )

  await t.test(
    'the next build takes the same image, and ends with the status that the build has',
    async () => {
      const started = performance.now()
      const { status, output } = await runAsOwner(session, project, ['build', '--docker', 'src/broken.ts'], {
        installed,
      })
      t.diagnostic(`build --docker, to the first error, the image being there: ${seconds(started)}`)
      assert.equal(status, 1, output)
      assert.doesNotMatch(output, /making the image/)
      assert.match(output, /src\/broken\.ts cannot be bundled/)
      assert.ok(!existsSync(join(project, 'dist')))
    },
  )

  await t.test(
    'packages in archives of Yarn’s Plug’n’Play, in a cache elsewhere, are found in a container',
    async () => {
      const { status, output } = await runAsOwner(session, archived, ['build', '--docker', 'src/check.ts'], {
        installed,
      })
      assert.equal(status, 0, output.slice(-4000))
      assert.match(output, /ships +bcrypt 6\.0\.0 \(and /)
      const answer = await runLambdabin(['invoke', 'dist/check.zip'], { cwd: archived })
      assert.equal(answer.stdout, 'true', answer.stderr)
    },
  )

  await t.test('a signal ends the container with the command, and nothing is left', async () => {
    let asked = false
    const { signal, output } = await runAsOwner(
      session,
      project,
      ['build', '--docker', 'src/picture.ts', '--external', 'sharp'],
      {
        installed,
        onOutput: (said) => {
          const now = !asked && said.includes('code cache')
          asked ||= now
          return now ? 'SIGINT' : undefined
        },
      },
    )
    assert.equal(signal, 'SIGINT', output)
    assert.ok(!existsSync(join(project, 'dist')))
    assert.doesNotMatch(await session.docker(['ps', '--all', '--format', '{{.Image}}']), /^lambdabin:/m)
  })

  await t.test('a token in .npmrc is in no image', async () => {
    const layers = join(engine.folder, 'data/overlay2')
    const found = await run('grep', ['--recursive', '--files-with-matches', '--text', TOKEN, layers])
    assert.equal(found.stdout, '')
    assert.equal(found.status, 1, found.output)
  })

  await t.test(
    'the compose file of the guide builds a project, and npm runs in it, as its owner',
    async () => {
      const shop = writeFiles(join(engine.folder, 'shop'), {
        'docker-compose.yml': composeFileOfGuide(),
        'package.json': { type: 'module', dependencies: { '@aws-sdk/client-dynamodb': '3.1164.0' } },
        'src/functions/table.ts': TABLE,
      })
      const lambdabin = join(shop, 'node_modules/lambdabin')
      mkdirSync(join(shop, 'node_modules'))
      cpSync(installed, lambdabin, { recursive: true })
      addCertificates(lambdabin)
      addCertificates(shop)
      // The guide's file leaves out which Node.js: the Dockerfile knows, and here is another.
      const file = join(shop, 'docker-compose.yml')
      const which = [
        'NODE_VERSION',
        'NODE_X64_MIRROR',
        'NODE_X64_SHA256',
        'NODE_ARM64_MIRROR',
        'NODE_ARM64_SHA256',
      ]
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace(
          /( +)dockerfile: .*\n/,
          (line, space) => `${line}${space}args: [${which}]\n`,
        ),
      )
      await giveToOwner(shop)
      const { version } = JSON.parse(readFileSync(join(lambdabin, 'package.json'), 'utf8'))
      const layers = (image: string) =>
        session.docker(['image', 'inspect', '--format', '{{.RootFS.Layers}}', image])
      const npm = await session.compose(shop, [
        'run',
        '--rm',
        'builder',
        'npm',
        'install',
        '--save',
        'nanoid@5.1.6',
      ])
      assert.equal(npm.status, 0, npm.output.slice(-4000))
      assert.equal(await layers('shop_builder'), await layers(`lambdabin:${version}`), 'as of build --docker')
      assertOwned(shop, ['package.json', 'package-lock.json', 'node_modules/nanoid/package.json'])
      writeFiles(shop, { 'src/functions/ids.ts': "export { nanoid as handler } from 'nanoid'\n" })
      // npm takes away what package.json does not name.
      cpSync(installed, lambdabin, { recursive: true })
      const { status, output } = await session.compose(shop, ['up', '--exit-code-from', 'builder'])
      assert.equal(status, 0, output)
      assert.doesNotMatch(output, /note:/)
      assertOwned(shop, ['dist', 'dist/table.zip', 'dist/ids.zip'])
      const { stdout } = await runLambdabin(['invoke', 'dist/table.zip', '--timeout', '30'], { cwd: shop })
      assert.equal(JSON.parse(stdout)[0], 'eu-west-1')
      assert.equal((await session.compose(shop, ['down', '--volumes'])).status, 0)
    },
  )
}

/** As of somebody whose files nobody else can read. */
async function packForOwner(t: TestContext, engine: Engine): Promise<string> {
  const folder = join(engine.folder, 'installed/node_modules')
  mkdirSync(folder, { recursive: true })
  cpSync(await packAndUnpack(t), join(folder, 'lambdabin'), { recursive: true })
  for (const name of readdirSync(MODULES)) {
    if (name !== 'lambdabin' && name !== '.bin') {
      symlinkSync(join(MODULES, name), join(folder, name))
    }
  }
  const installed = join(folder, 'lambdabin')
  await giveToOwner(installed)
  await runWell('chmod', ['-R', 'go=', installed])
  return installed
}

function composeFileOfGuide(): string {
  const [, text] = /```yaml\n(services:\n[\s\S]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? []
  assert.ok(text, 'docs/docker.md has a compose file')
  return text
}

/** What is in a folder. */
function listing(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort().join('\n')
}
