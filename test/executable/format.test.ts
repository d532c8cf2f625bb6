import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { buildUnpackedFunction, prepareLauncher } from '../../src/compiler/unpacked-function.ts'
import {
  checkFormat,
  chunkFile,
  chunkLink,
  chunkName,
  chunkOfScript,
  codeCacheAsset,
  codeCacheLine,
  FORMAT_HEADER,
  FORMAT_VERSION,
  formatOf,
  isReadAtStart,
  MODULES_OUTSIDE_SNAPSHOTS,
  RUNTIME_FILE,
  readChunkLink,
  readCodeCacheLines,
  scriptAsset,
  scriptOfChunkFile,
  scriptOfCodeCache,
  sourceMapAsset,
} from '../../src/executable/format.ts'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'
import { LambdaProcess, within } from '../support/runtime-api/lambda-process.ts'
import { StrictRuntimeApi } from '../support/runtime-api/strict-runtime-api.ts'

const OTHER = `/*lambdabin ${FORMAT_VERSION + 1}*/`

test('a function of another format fails to initialise, with both versions and what to do', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'orders.ts': 'export const handler = async () => 1',
  })
  const [taskRoot, launcherFolder] = [join(folder, 'task'), join(folder, 'launcher')]
  await prepareLauncher(launcherFolder, process.execPath)
  const options = {
    name: 'orders',
    inspectorPort: undefined,
    bundle: { externals: [], bundled: [] },
    include: { paths: [], root: folder },
  }
  await buildUnpackedFunction({ ...options, entry: join(folder, 'orders.ts') }, taskRoot)
  const script = join(taskRoot, 'function.js')
  const text = readFileSync(script, 'utf8')
  assert.ok(text.startsWith(FORMAT_HEADER))
  for (const [header, what] of [
    [OTHER, `format ${FORMAT_VERSION + 1}`],
    ['', 'none that it knows'],
  ] as const) {
    writeFileSync(script, text.replace(FORMAT_HEADER, header))
    const api = await StrictRuntimeApi.start()
    const lambda = new LambdaProcess(join(taskRoot, 'orders'), {
      runtimeApi: api.address,
      handler: 'orders',
      env: { LAMBDA_TASK_ROOT: taskRoot, LAMBDA_RUNTIME_DIR: launcherFolder },
    })
    try {
      await within(lambda.ended, () => lambda.output)
      assert.equal(api.initErrors.length, 1, lambda.output)
      const { errorType, errorMessage } = JSON.parse(String(api.initErrors[0]?.body))
      assert.equal(errorType, 'Runtime.FormatMismatch')
      assert.ok(errorMessage.includes(`of format ${FORMAT_VERSION},`), errorMessage)
      assert.ok(errorMessage.includes(`is of ${what}; build both with the same version`), errorMessage)
    } finally {
      await lambda.stop()
      await api.stop()
    }
  }
})

test('a script of this format is accepted, and each other beginning is not', () => {
  const formats = [FORMAT_HEADER, `${OTHER}(`, `(${OTHER}`, ''].map(formatOf)
  assert.deepEqual(formats, [FORMAT_VERSION, FORMAT_VERSION + 1, undefined, undefined])
  assert.doesNotThrow(() => checkFormat(`${FORMAT_HEADER}(function () {})`, 'function.js'))
  for (const script of ['', '(function () {})', OTHER, ` ${FORMAT_HEADER}`, FORMAT_HEADER.slice(0, -1)]) {
    assert.throws(() => checkFormat(script, 'function.js'), { name: 'Runtime.FormatMismatch' }, script)
  }
})

test('what one side names, the other side reads', () => {
  for (const number of [0, 1, 27]) {
    const name = chunkName(number)
    assert.equal(scriptOfChunkFile('/a/task', chunkFile('/a/task', number)), name)
    assert.equal(scriptOfChunkFile('/a/task', chunkFile('/a/task/inner', number)), undefined)
    assert.equal(chunkOfScript(scriptAsset(name)), number)
    assert.equal(chunkOfScript(sourceMapAsset(name)), undefined)
    assert.equal(scriptOfCodeCache(codeCacheAsset(name)), name)
    assert.equal(scriptOfCodeCache(sourceMapAsset(name)), undefined)
    assert.equal(isReadAtStart(scriptAsset(name)), number === 0)
    assert.equal(isReadAtStart(sourceMapAsset(name)), false)
    assert.deepEqual(readChunkLink(chunkLink(number, '7r')), { chunk: number, module: '7r' })
  }
  assert.equal(scriptOfChunkFile('/var/runtime', RUNTIME_FILE), undefined)
  assert.equal(scriptOfChunkFile('/a/task', '/a/task/function.js.map'), undefined)
  const lines = [
    codeCacheLine('runtime', 'accepted'),
    'something else\n',
    codeCacheLine('function-2', 'none'),
  ]
  assert.deepEqual(readCodeCacheLines(lines.join('')), { runtime: 'accepted', 'function-2': 'none' })
})

test('modules that a startup snapshot cannot hold are those of HTTP, TLS and the like, and no others', () => {
  const outside = ['http', 'https', 'http2', 'tls', '_http_agent', '_tls_wrap', 'sqlite', 'repl', 'wasi']
  const inside = ['net', 'crypto', 'fs', 'zlib', 'http-proxy', 'replace', 'tlsx']
  assert.deepEqual(
    outside.filter((name) => !MODULES_OUTSIDE_SNAPSHOTS.test(name)),
    [],
  )
  assert.deepEqual(
    inside.filter((name) => MODULES_OUTSIDE_SNAPSHOTS.test(name)),
    [],
  )
})
