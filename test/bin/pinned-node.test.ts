import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder, writeExecutable } from '../support/emulator/fixture-package.ts'
import { eventually } from '../support/eventually.ts'
import { writeFiles } from '../support/projects/files.ts'

const BIN = fileURLToPath(new URL('../../bin', import.meta.url))

interface Installation {
  readonly folder: string
  readonly cache: string
  readonly env: NodeJS.ProcessEnv
}

/**
 * An installation of lambdabin in a folder of its own, without dependencies, that pins `node-fake@1.0.0`, a
 * shell script; and an `npm` that packs it as the registry would, after `beforePack`.
 */
function installation(
  t: TestContext,
  script: string,
  options: { integrity?: string; beforePack?: string } = {},
): Installation {
  const folder = temporaryFolder(t)
  const packed = writeFiles(join(folder, 'registry'), {
    'package/bin/node': `#!/bin/sh\n${script}\n`,
    'package/LICENSE': '',
  })
  const tarball = join(folder, 'node-fake-1.0.0.tgz')
  spawnSync('tar', ['-czf', tarball, '-C', packed, 'package'])
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`
  const sha256 = createHash('sha256').update(`#!/bin/sh\n${script}\n`).digest('hex')
  const fake = { name: 'node-fake', integrity: options.integrity ?? integrity, sha256 }
  writeFiles(folder, {
    'base-node/versions.json': { version: '1.0.0', packages: { x64: fake, arm64: fake } },
  })
  mkdirSync(join(folder, 'bin'))
  for (const name of ['pinned-node.js', 'hand-over.js', 'make-folder.js']) {
    copyFileSync(join(BIN, name), join(folder, 'bin', name))
  }
  writeFiles(folder, {
    'package.json': { type: 'module' },
    'bin/find.js':
      "import { findPinnedNode } from './pinned-node.js'\nconsole.log(await findPinnedNode('x64', (message) => console.error(message)))",
    'bin/command.js': "import { handOver } from './hand-over.js'\nawait handOver('the command’s file')",
  })
  mkdirSync(join(folder, 'path'))
  const pack = `cp '${tarball}' "$4"`
  writeExecutable(
    join(folder, 'path', 'npm'),
    `#!/bin/sh\n${options.beforePack ?? ''}\necho "$@" >> '${folder}/npm.log'\n[ "$1 $2 $3" = 'pack node-fake@1.0.0 --pack-destination' ] && ${pack}\n`,
  )
  const cache = join(folder, 'cache')
  return {
    folder,
    cache: join(cache, 'lambdabin'),
    env: { PATH: `${folder}/path:${process.env.PATH}`, XDG_CACHE_HOME: cache },
  }
}

interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

function run(
  { folder, env }: Installation,
  file: string,
  args: string[] = [],
  onFirstOutput: (child: ChildProcess) => void = () => {},
  onStart: (child: ChildProcess) => void = () => {},
): Promise<Ended> {
  const child = spawn(process.execPath, [join(folder, 'bin', file), ...args], { env, timeout: 60_000 })
  onStart(child)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    if (stdout === '') {
      onFirstOutput(child)
    }
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve({ status, signal, stdout, stderr }))
  })
}

const npmCalls = ({ folder }: Installation) => {
  const log = join(folder, 'npm.log')
  return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0
}

test('a Node.js that is not installed is fetched with npm once, and kept', async (t) => {
  const installed = installation(t, 'echo v1.0.0')
  const first = await run(installed, 'find.js')
  const path = join(installed.cache, 'node-1.0.0-x64', 'bin', 'node')
  assert.deepEqual([first.stdout, first.status], [`${path}\n`, 0])
  assert.match(first.stderr, /^fetching node-fake@1\.0\.0 with npm, once, into /)
  assert.equal(spawnSync(path, { encoding: 'utf8' }).stdout, 'v1.0.0\n')

  const second = await run(installed, 'find.js')
  assert.deepEqual([second.stdout, second.stderr], [`${path}\n`, ''])
  assert.equal(npmCalls(installed), 1)
  assert.deepEqual(readdirSync(installed.cache), ['node-1.0.0-x64'])
})

test('one in the cache that is not what was fetched is not run: it is fetched again', async (t) => {
  const installed = installation(t, 'echo v1.0.0')
  await run(installed, 'find.js')
  const path = join(installed.cache, 'node-1.0.0-x64', 'bin', 'node')
  writeExecutable(path, '#!/bin/sh\necho evil\n')
  const { status, stderr } = await run(installed, 'find.js')
  assert.equal(status, 0)
  assert.match(
    stderr,
    /^\S+\/node-1\.0\.0-x64\/bin\/node is not the Node\.js that was fetched; it is not used\nfetching /,
  )
  assert.equal(spawnSync(path, { encoding: 'utf8' }).stdout, 'v1.0.0\n')
  assert.equal(npmCalls(installed), 2)
})

test('one that is installed as a package is taken from there', async (t) => {
  const installed = installation(t, '')
  writeFiles(installed.folder, {
    'node_modules/node-fake/package.json': { name: 'node-fake', version: '1.0.0' },
    'node_modules/node-fake/bin/node': '',
  })
  const { stdout } = await run(installed, 'find.js')
  assert.equal(stdout, `${join(installed.folder, 'node_modules/node-fake/bin/node')}\n`)
  assert.equal(npmCalls(installed), 0)
})

test('an installed package of another version is not the pinned one', async (t) => {
  const installed = installation(t, '')
  writeFiles(installed.folder, {
    'node_modules/node-fake/package.json': { name: 'node-fake', version: '0.9.0' },
    'node_modules/node-fake/bin/node': '',
  })
  assert.match((await run(installed, 'find.js')).stdout, /node-1\.0\.0-x64/)
})

test('two that fetch at once both get it, and nothing else is left', async (t) => {
  const installed = installation(t, 'echo v1.0.0')
  const results = await Promise.all([1, 2, 3].map(() => run(installed, 'find.js')))
  assert.deepEqual(
    results.map(({ status }) => status),
    [0, 0, 0],
  )
  assert.deepEqual(readdirSync(installed.cache), ['node-1.0.0-x64'])
})

test('a package of another integrity than the pinned one is not used', async (t) => {
  const installed = installation(t, '', { integrity: 'sha512-AAAA' })
  const { status, stderr } = await run(installed, 'find.js')
  assert.notEqual(status, 0)
  assert.match(stderr, /node-fake@1\.0\.0 should have the integrity sha512-AAAA and came with sha512-/)
  assert.deepEqual(readdirSync(installed.cache), [])
})

test('what npm says when it fails is passed on, and nothing is left', async (t) => {
  const installed = installation(t, '', { beforePack: 'echo "npm error code E404" >&2; exit 1' })
  const { status, stderr } = await run(installed, 'find.js')
  assert.notEqual(status, 0)
  assert.match(
    stderr,
    /npm could not fetch node-fake@1\.0\.0 \(exit status 1\); it says:\s+npm error code E404/,
  )
  assert.deepEqual(readdirSync(installed.cache), [])
})

test('npm is to ask its own cache first, and to give up before long', async (t) => {
  const installed = installation(t, '')
  await run(installed, 'find.js')
  const words = readFileSync(join(installed.folder, 'npm.log'), 'utf8')
  assert.match(words, / --prefer-offline .*--fetch-retries=1 .*--fetch-timeout=\d+\n/)
})

test('after some seconds it is told what is waited for', async (t) => {
  const { status, stderr } = await run(installation(t, '', { beforePack: 'sleep 11' }), 'find.js')
  assert.equal(status, 0)
  assert.match(stderr, /^npm is still fetching node-fake@1\.0\.0, /m)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends a fetch with all that it has started, and leaves nothing`, async (t) => {
    const installed = installation(t, '', { beforePack: 'sleep 60 & echo $! > "$4/../sleeper"; wait' })
    const sleeper = join(installed.cache, 'sleeper')
    const ended = run(
      installed,
      'command.js',
      [],
      () => {},
      (child) => {
        const timer = setInterval(() => {
          if (existsSync(sleeper)) {
            clearInterval(timer)
            child.kill(signal)
          }
        }, 20)
      },
    )
    assert.equal((await ended).signal, signal)
    const pid = readFileSync(sleeper, 'utf8').trim()
    // Nobody may be there who waits for it.
    const isGone = () =>
      !existsSync(`/proc/${pid}`) || /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    await eventually(isGone, 'what npm has started is gone')
    assert.deepEqual(readdirSync(installed.cache), ['sleeper'])
  })
}

test('handing over passes arguments and streams on, and ends with the same status', async (t) => {
  const installed = installation(t, 'echo "$@"; echo "on stderr" >&2; exit 7')
  const { status, stdout, stderr } = await run(installed, 'command.js', ['build', 'a b.ts', '--json'])
  assert.equal(status, 7)
  assert.equal(stdout, '-- the command’s file build a b.ts --json\n')
  assert.match(stderr, /on stderr/)
})

test('handing over ends by the signal that the command ends by', async (t) => {
  const { status, signal } = await run(installation(t, 'kill -KILL $$'), 'command.js')
  assert.deepEqual([status, signal], [null, 'SIGKILL'])
})

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`handing over forwards ${signal}, and leaves the answer to the command`, async (t) => {
    const program = `process.on('${signal}', () => { console.log('got it'); process.exit(3) }); setTimeout(() => {}, 60_000); console.log('ready')`
    const script = `exec '${process.execPath}' -e "${program}"`
    const ended = await run(installation(t, script), 'command.js', [], (child) => child.kill(signal))
    assert.deepEqual([ended.status, ended.stdout], [3, 'ready\ngot it\n'])
  })
}

test('a command that was handed over and still finds its Node.js too old says so instead of trying for ever', async (t) => {
  const installed = installation(t, 'exit 0')
  const again = { ...installed, env: { ...installed.env, LAMBDABIN_HANDED_OVER: '1.0.0' } }
  const { status, stderr } = await run(again, 'command.js')
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^lambdabin: it needs Node\.js 22\.19 or later, and was started with v\S+ again; install/,
  )
})

for (const [what, changes, message] of [
  [
    'cannot be made',
    { XDG_CACHE_HOME: '/proc' },
    'the cache folder /proc/lambdabin cannot be written; set XDG_CACHE_HOME to a folder that can be',
  ],
  [
    'has no place, as the home folder is not known',
    { XDG_CACHE_HOME: '', HOME: '' },
    "expected a home folder, for the cache folder in it, but this user's is not known; set HOME, or XDG_CACHE_HOME to a folder that can be written",
  ],
] as const) {
  test(`a cache folder that ${what} is told in a sentence`, async (t) => {
    const installed = installation(t, '')
    const changed = { ...installed, env: { ...installed.env, ...changes } }
    const { status, stderr } = await run(changed, 'command.js')
    assert.equal(stderr, `lambdabin: ${message}\n`)
    assert.equal(status, 1)
    assert.equal(npmCalls(installed), 0)
  })
}

test('a relative XDG_CACHE_HOME is ignored, as XDG wants it', async (t) => {
  const installed = installation(t, '')
  const env = { ...installed.env, XDG_CACHE_HOME: 'relative', HOME: installed.folder }
  const { stdout } = await run({ ...installed, env }, 'find.js')
  assert.equal(stdout, `${installed.folder}/.cache/lambdabin/node-1.0.0-x64/bin/node\n`)
})
