import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))

for (const type of ['module', 'commonjs', undefined]) {
  test(`node_modules/.bin/lambdabin works as a copy, in a project whose package.json ${type ? `has the type ${type}` : 'names no type'}`, (t) => {
    const project = writeFiles(temporaryFolder(t), { 'package.json': { name: 'project', type } })
    const command = join(project, 'node_modules/.bin/lambdabin')
    mkdirSync(dirname(command), { recursive: true })
    copyFileSync(join(ROOT, 'bin/lambdabin.js'), command)
    symlinkSync(ROOT, join(project, 'node_modules/lambdabin'))
    const { stdout, stderr } = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 60_000 })
    assert.deepEqual([stdout, stderr], [`${version}\n`, ''])
  })
}

test('a copy without its package says what it lacks', (t) => {
  const command = join(temporaryFolder(t), 'lambdabin')
  copyFileSync(join(ROOT, 'bin/lambdabin.js'), command)
  const { status, stderr } = spawnSync(command, ['--version'], { encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 1)
  assert.match(stderr, /is a copy without the package that it is of; copy node_modules\/lambdabin, too\n$/)
})
