/**
 * Packages that once needed an option, or did not work at all: each is installed, built with no option, and answers as on
 * Node.js, from a zip that is outside of any project. The answers are of plain Node.js 24, those of decorators of code compiled with
 * `tsc`.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { runInvoke } from '../support/emulator/invoke-process.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { runLambdabin } from '../support/projects/command.ts'

const PACKAGES = fileURLToPath(new URL('../fixtures/packages/', import.meta.url))
const POSTGRES_PORT = 5499

for (const name of readdirSync(PACKAGES).sort()) {
  test(`${name} answers as on Node.js, with no option`, async (t) => {
    const project = join(temporaryFolder(t), 'project')
    cpSync(join(PACKAGES, name), project, { recursive: true })
    await promisify(execFile)(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'],
      { cwd: project },
    )
    const entry = readdirSync(project).find((file) => file.endsWith('.ts')) as string
    const { status, stderr } = await runLambdabin(['build', entry], { cwd: project })
    assert.equal(status, 0, stderr)
    const zip = join(temporaryFolder(t), 'function.zip')
    renameSync(join(project, 'dist', entry.replace('.ts', '.zip')), zip)
    const event = join(project, 'event.json')
    if (name === 'knex') {
      const server = await startPostgres(POSTGRES_PORT, (query) =>
        query === 'select 1+1 as two'
          ? { column: 'two', value: '2' }
          : { column: 'version', value: 'PostgreSQL 17.1' },
      )
      t.after(() => server.close())
    }
    const handler = entry.replace('.ts', '')
    const options = ['--handler', handler, '--timeout', '30', '--memory', '2048']
    const invoked = await runInvoke([zip, ...options, ...(existsSync(event) ? ['--event-file', event] : [])])
    assert.deepEqual(
      JSON.parse(invoked.stdout.toString()),
      JSON.parse(readFileSync(join(project, 'expected.json'), 'utf8')),
      invoked.stderr,
    )
  })
}
