/** Nothing of the builder's is in a package, whatever the function does while it is built. */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { type Entry, fromBuffer, type ZipFile } from 'yauzl'
import { findBuildSandbox } from '../../../src/sandbox/find-sandbox.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

/** Each in a place of its own. */
const SECRETS = {
  environment: 'ENVsecret7Q2mZx81',
  given: 'GIVsecretX3pLq8vN',
  projectNpmrc: 'NPMsecretK4vTr9dW',
  homeNpmrc: 'HOMsecretB6yHn3eL',
  credentials: 'AWSsecretP8uJc5sF',
  dotenv: 'DOTsecretM1kXw0gR',
}

/** Reads what it can get at as it initialises, and keeps it. */
const CURIOUS = `
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'

const tried = (read: () => unknown) => {
  try {
    return String(read())
  } catch (error) {
    return String(error)
  }
}
const homes = [homedir(), HOME, tried(() => userInfo().homedir)]
const places = [
  ...homes.flatMap((home) => [home + '/.aws/credentials', home + '/.npmrc', home + '/.aws/config']),
  ...['.env', '.npmrc', 'package.json'].map((name) => PROJECT + '/' + name),
  '/proc/' + process.ppid + '/environ',
  ...tried(() => readdirSync('/proc').join()).split(',').filter((name) => /^\\d+$/.test(name)).map((pid) => '/proc/' + pid + '/environ'),
]
const kept = [JSON.stringify(process.env), ...places.map((place) => tried(() => readFileSync(place, 'utf8')))]
RUNS && kept.push(tried(() => execFileSync('env', { encoding: 'utf8' })))
export const handler = async (event: unknown) => [event, kept.join('\\n')]
`

interface Planted {
  readonly project: string
  readonly env: Record<string, string>
}

function plant(t: TestContext): Planted {
  const folder = temporaryFolder(t)
  const [home, project] = [join(folder, 'home'), join(folder, 'project')]
  mkdirSync(home)
  writeFiles(home, {
    '.aws/credentials': `[default]\naws_access_key_id = AKIA\naws_secret_access_key = ${SECRETS.credentials}\n`,
    '.npmrc': `//registry.example/:_authToken=${SECRETS.homeNpmrc}\n`,
  })
  writeFiles(project, {
    'package.json': {},
    '.npmrc': `//registry.example/:_authToken=${SECRETS.projectNpmrc}\n`,
    '.env': `DATABASE_PASSWORD=${SECRETS.dotenv}\n`,
    'data/.env': `DATABASE_PASSWORD=${SECRETS.dotenv}\n`,
    'data/prices.json': '{}',
    'event.json': '{"n":1}',
    'orders.ts': CURIOUS,
  })
  // The cache is that of all tests.
  const cache = process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '', '.cache')
  return {
    project,
    env: {
      HOME: home,
      XDG_CACHE_HOME: cache,
      AWS_SECRET_ACCESS_KEY: SECRETS.environment,
      NPM_TOKEN: SECRETS.environment,
    },
  }
}

/** What is in a package, by name: its files, the zip's as they are and unpacked, and what is compressed in them. */
async function contents(outDir: string): Promise<[name: string, bytes: Buffer][]> {
  const found: [string, Buffer][] = []
  const zip = readFileSync(join(outDir, 'orders.zip'))
  found.push(['orders.zip', zip], ...(await unzip(zip)))
  for (const entry of readdirSync(join(outDir, 'orders'), { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      found.push([entry.name, readFileSync(join(entry.parentPath, entry.name))])
    }
  }
  return found.flatMap(([name, bytes]): [string, Buffer][] => [
    [name, bytes],
    ...compressedParts(bytes).map((part): [string, Buffer] => [`${name}, unpacked`, part]),
  ])
}

async function unzip(bytes: Buffer): Promise<[string, Buffer][]> {
  const zip = await new Promise<ZipFile>((resolve, reject) =>
    fromBuffer(bytes, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened))),
  )
  const found: [string, Buffer][] = []
  await new Promise<void>((resolve, reject) => {
    zip.on('error', reject).on('end', resolve)
    zip.on('entry', (entry: Entry) =>
      zip.openReadStream(entry, async (error, stream) => {
        if (error) {
          reject(error)
          return
        }
        const chunks: Buffer[] = []
        for await (const chunk of stream) {
          chunks.push(chunk as Buffer)
        }
        found.push([`orders.zip: ${entry.fileName}`, Buffer.concat(chunks)])
        zip.readEntry()
      }),
    )
    zip.readEntry()
  })
  return found
}

const GZIP = Buffer.from([0x1f, 0x8b, 0x08])

/** What gzip has compressed; of raw deflate and Brotli, what is a file by itself. */
function compressedParts(bytes: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let at = bytes.indexOf(GZIP); at !== -1 && parts.length < 100; at = bytes.indexOf(GZIP, at + 1)) {
    parts.push(...unpacked(() => gunzipSync(bytes.subarray(at))))
  }
  for (const unpack of [inflateSync, inflateRawSync, brotliDecompressSync]) {
    parts.push(...unpacked(() => unpack(bytes)))
  }
  return parts
}

function unpacked(unpack: () => Buffer): Buffer[] {
  try {
    return [unpack()]
  } catch {
    return []
  }
}

/** As it is, as V8 keeps strings with other characters in them, and as programs encode what they carry. */
function forms(secret: string): Buffer[] {
  const bytes = Buffer.from(secret)
  const base64 = [0, 1, 2].map((offset) =>
    // The first and the last characters depend on what is around.
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '')
      .slice(4, -2),
  )
  return [
    bytes,
    Buffer.from(secret, 'utf16le'),
    ...base64.map((text) => Buffer.from(text)),
    Buffer.from(bytes.toString('hex')),
  ]
}

function foundIn(parts: readonly [string, Buffer][]): string[] {
  return Object.entries(SECRETS).flatMap(([place, secret]) =>
    parts
      .filter(([, bytes]) => forms(secret).some((form) => bytes.includes(form)))
      .map(([name]) => `${place} in ${name}`),
  )
}

test('secrets are found where they are, in each of their forms', () => {
  for (const text of [SECRETS.dotenv, `é${SECRETS.dotenv}`]) {
    for (const bytes of [
      Buffer.from(text),
      Buffer.from(text, 'utf16le'),
      Buffer.from(Buffer.from(`ab${text}cd`).toString('base64')),
    ]) {
      assert.deepEqual(foundIn([['file', bytes]]), ['dotenv in file'])
    }
  }
})

for (const init of ['lambda', 'build'] as const) {
  test(`a function that looks for secrets as it is built brings none into its package, initialised at ${init}`, async (t) => {
    const { project, env } = plant(t)
    const isIsolated = findBuildSandbox(temporaryFolder(t)).kind === 'isolation'
    if (!isIsolated && init === 'build') {
      t.skip('this machine has no namespaces that keep files of its user from a function')
      return
    }
    const { status, stderr } = await runLambdabin(
      [
        ...['build', 'orders.ts', '--init', init, '--event', 'event.json', '--include', 'data'],
        // Of child processes a snapshot holds nothing.
        ...['--define', `HOME=${JSON.stringify(env.HOME)}`, '--define', `PROJECT=${JSON.stringify(project)}`],
        // For where the build runs it, and no part of what comes of it.
        ...['--env', `DATABASE_PASSWORD=${SECRETS.given}`],
        ...['--define', `RUNS=${init === 'lambda'}`],
      ],
      { cwd: project, env },
    )
    assert.equal(status, 0, stderr)
    const parts = await contents(join(project, 'dist'))
    assert.ok(parts.some(([name]) => name === 'orders.zip: data/prices.json'))
    assert.ok(parts.some(([name]) => name === 'orders.zip: orders'))
    assert.deepEqual(foundIn(parts), [])
  })
}
