import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { runLambdabin } from '../../support/projects/command.ts'
import { writeFiles } from '../../support/projects/files.ts'

const FUNCTION = 'export const handler = async (event: unknown) => event'

test('--into writes a package’s files straight into a folder, replaces those of the last build, and makes no zip', async (t) => {
  const project = writeFiles(temporaryFolder(t), {
    'src/orders/index.ts': FUNCTION,
    'artifacts/bootstrap': 'of the last build',
    'artifacts/kept.txt': 'of somebody else',
  })
  const args = ['build', 'src/orders/index.ts', '--into', 'artifacts', '--node', process.execPath, '--json']
  const { status, stdout, stderr } = await runLambdabin([...args, '--arch', process.arch], { cwd: project })
  assert.equal(status, 0, stderr)
  assert.match(stderr, /package +artifacts, [\d.]+ MB\n/)
  const [built] = JSON.parse(stdout).functions
  assert.deepEqual([built.zip, built.folder], [null, join(project, 'artifacts')])
  const files = ['THIRD-PARTY-NOTICES', 'bootstrap', 'kept.txt', 'orders']
  assert.deepEqual(readdirSync(join(project, 'artifacts')).sort(), files)
  assert.ok(!existsSync(join(project, 'dist')))
  const answer = await runLambdabin(['invoke', 'artifacts', '--handler', 'orders', '--event', '7'], {
    cwd: project,
  })
  assert.equal(answer.stdout, '7', answer.stderr)
})

test('--into refuses several functions, the project’s own folder, and one that cannot be written to', async (t) => {
  const project = writeFiles(temporaryFolder(t), {
    'src/orders/index.ts': FUNCTION,
    'src/users/index.ts': FUNCTION,
    'lambdabin.config.json': { functions: 'src/*/index.ts' },
    file: '',
  })
  const refused = async (args: string[], status: number, message: RegExp) => {
    const ended = await runLambdabin(['build', ...args], { cwd: project })
    assert.match(ended.stderr, message)
    assert.equal(ended.status, status)
  }
  await refused(
    ['--into', 'artifacts'],
    2,
    /^lambdabin: --into takes one function, and 2 were given; build them/,
  )
  for (const into of ['.', 'src', 'src/orders']) {
    await refused(
      ['orders', '--into', into],
      2,
      /--into expects a folder for the package alone, and \S+ has \S*index\.ts/,
    )
  }
  await refused(
    ['orders', '--into', 'file'],
    1,
    /--into expects a folder that can be written to, and \S+ is none/,
  )
  assert.deepEqual(readdirSync(project).sort(), ['file', 'lambdabin.config.json', 'src'])
})
