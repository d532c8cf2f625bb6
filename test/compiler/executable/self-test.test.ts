import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { type TestContext, test } from 'node:test'
import { explainSelfTest, SelfTestError, testExecutable } from '../../../src/compiler/executable/self-test.ts'
import { temporaryFolder, writeExecutable } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

/** An executable that runs a JavaScript program, in which `api` is the Runtime API's address. */
function executable(t: TestContext, program: string): string {
  const folder = temporaryFolder(t)
  writeFiles(folder, {
    'program.mjs': `const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/'\n${program}`,
  })
  const file = join(folder, 'executable')
  writeExecutable(file, `#!/bin/sh\nexec '${process.execPath}' '${folder}/program.mjs' "$@"\n`)
  return file
}

const ANSWER_WITH = (body: string) => `
  const next = await fetch(api + 'invocation/next')
  const event = await next.text()
  const id = next.headers.get('lambda-runtime-aws-request-id')
  await fetch(api + 'invocation/' + id + '/response', { method: 'POST', body: ${body} })
  await fetch(api + 'invocation/next')`

test('an executable that returns the event passes, and tells what V8 said of its code caches', async (t) => {
  const said = `process.stderr.write('lambdabin: code cache of the runtime: accepted\\nlambdabin: code cache of the function: rejected\\n')`
  const result = await testExecutable(executable(t, said + ANSWER_WITH('event')), [])
  const { codeCaches, connectsOverNet, notPrimed } = result
  assert.deepEqual(codeCaches, { runtime: 'accepted', function: 'rejected' })
  assert.equal(connectsOverNet, false)
  const notes = explainSelfTest(
    { codeCaches, connectsOverNet, notPrimed },
    { 'runtime.cache': 1, 'function.cache': 1 },
  )
  assert.equal(notes.length, 1)
  assert.match(notes[0] ?? '', /V8 does not accept the executable's own function\.cache/)
})

test('an executable may tell of any number of code caches, and a note names a few', async (t) => {
  const names = Array.from({ length: 500 }, (_, index) => `function-${index}`)
  const said = `for (const name of ${JSON.stringify(names)}) {
    process.stderr.write('lambdabin: code cache of the ' + name + ': accepted\\n')
  }`
  const result = await testExecutable(executable(t, said + ANSWER_WITH('event')), [])
  const caches = Object.fromEntries(names.map((name) => [`${name}.cache`, 1]))
  assert.deepEqual(explainSelfTest(result, caches), [])
  assert.match(
    explainSelfTest({ ...result, codeCaches: {} }, caches).join(),
    /own function-0\.cache and function-1\.cache and function-2\.cache and 497 others, so/,
  )
})

test('what cannot be primed is told, with why', async (t) => {
  const said = `process.stderr.write('lambdabin: priming of https: failed: no TLS\\nlambdabin: priming of fetch: done\\n')`
  const result = await testExecutable(executable(t, said + ANSWER_WITH('event')), [])
  assert.deepEqual(result.notPrimed, ['https: no TLS'])
  assert.match(explainSelfTest(result, {}).join(), /cannot be primed as it is known \(https: no TLS\)/)
})

test('it is asked for its self-test, with Lambda’s environment and nothing of this machine’s', async (t) => {
  process.env.SECRET_OF_THIS_MACHINE = 'secret'
  t.after(() => delete process.env.SECRET_OF_THIS_MACHINE)
  const program = `
    const { argv, env } = process
    if (argv[2] !== '--lambdabin-self-test' || env.SECRET_OF_THIS_MACHINE || env._HANDLER !== 'self-test') process.exit(9)`
  await testExecutable(executable(t, program + ANSWER_WITH('event')), [])
})

for (const [what, program, message] of [
  [
    'ends before it asks for an invocation',
    'console.error("no such library"); process.exit(127)',
    /this one ended with exit status 127; .*\n\nno such library$/s,
  ],
  [
    'answers something else',
    ANSWER_WITH('"something else"'),
    /was asked to return .* and returned something else/,
  ],
  [
    'cannot initialise',
    `await fetch(api + 'init/error', { method: 'POST', body: '{"errorMessage":"why"}' }); process.exit(1)`,
    /could not initialise \(\{"errorMessage":"why"\}\)|ended with exit status 1/,
  ],
  [
    'ends in the middle of an invocation',
    `await fetch(api + 'invocation/next'); process.exit(3)`,
    /exit status 3/,
  ],
] as const) {
  test(`an executable that ${what} fails its self-test`, async (t) => {
    await assert.rejects(testExecutable(executable(t, program), []), (error) => {
      assert.ok(error instanceof SelfTestError)
      assert.match(error.message, message)
      return true
    })
  })
}

test('a file that cannot be started fails its self-test', async (t) => {
  await assert.rejects(testExecutable(join(temporaryFolder(t), 'missing'), []), SelfTestError)
})

test('a build whose executable fails its self-test writes no package, and says why', {
  skip: process.arch !== 'x64' && 'it stands a qemu in for the other architecture’s, which is arm64 on x64',
  timeout: 180_000,
}, async (t) => {
  const folder = temporaryFolder(t)
  writeFiles(folder, { 'package.json': {}, 'hello.js': 'exports.handler = async () => "hello"' })
  // Runs nothing, but for what the build asks before there is an executable: the version, and a code cache's header.
  const script = `case "$*" in *--version*) ;; *createCachedData*) head -c 32 /dev/zero ;; *) echo "wrong ELF class" >&2; exit 126 ;; esac`
  writeExecutable(join(folder, 'qemu-aarch64-static'), `#!/bin/sh\n${script}\n`)
  const { status, stderr } = await runLambdabin(['build', 'hello.js', '--arch', 'arm64'], {
    cwd: folder,
    env: { PATH: `${folder}:${process.env.PATH}` },
  })
  assert.equal(status, 1, stderr)
  assert.match(
    stderr,
    /the finished executable should answer an invocation .* exit status 126;.*wrong ELF class/s,
  )
  assert.ok(!existsSync(join(folder, 'dist')), `${readdirSync(folder)}`)
})
