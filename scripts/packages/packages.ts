/**
 * The matrix of real packages: each function is installed, run by plain Node.js, built with no option, and invoked from a zip that
 * is outside of any project.
 *
 *     npm run packages -- [--only NAME,…] [--write]
 *
 * Prints a table; `--write` puts it into docs/packages.md. Not a part of CI, as it installs some thousand packages.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { type MatrixFunction, readFunctions } from './functions.ts'
import { type Row, replaceTable, table } from './table.ts'

const COMMAND = fileURLToPath(new URL('../../bin/lambdabin.js', import.meta.url))
const DOCUMENT = fileURLToPath(new URL('../../docs/packages.md', import.meta.url))
const PLAIN =
  "import('./index.js').then(async ({ handler }) => { process.stdout.write('\\n' + JSON.stringify((await handler({})) ?? null), () => process.exit()) })"
const TIMEOUT_MS = 600_000

const run = promisify(execFile)
const { values } = parseArgs({
  options: { only: { type: 'string' }, write: { type: 'boolean', default: false } },
})
const wanted = values.only?.split(',')
const rows: Row[] = []
for (const each of readFunctions().filter(({ name }) => wanted?.includes(name) ?? true)) {
  const row = await tryFunction(each)
  process.stderr.write(
    `${row.isSame ? 'same' : 'other'}  ${row.name}${row.isSame ? '' : `: ${row.reason}`}\n`,
  )
  rows.push(row)
}
process.stdout.write(table(rows))
if (values.write) {
  writeFileSync(DOCUMENT, replaceTable(readFileSync(DOCUMENT, 'utf8'), rows))
}

async function tryFunction(tried: MatrixFunction): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-packages-'))
  const project = join(folder, 'project')
  try {
    mkdirSync(project)
    const manifest = { name: 'function', private: true, type: 'module', dependencies: tried.dependencies }
    writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(project, 'index.js'), tried.source)
    const notInstalled = await run(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'],
      {
        cwd: project,
        timeout: TIMEOUT_MS,
      },
    ).then(
      () => undefined,
      ({ stderr }) => String(stderr),
    )
    if (notInstalled !== undefined) {
      const reason = `cannot be installed where this ran: ${firstLine(notInstalled)}`
      return { name: tried.name, packages: [], isSame: undefined, ships: '', reason }
    }
    const names = Object.keys(tried.dependencies)
    const packages = names.map((name) => `${name} ${versionOf(name, project)}`)
    const plain = await answerOfNode(project)
    if (plain === undefined) {
      return { name: tried.name, packages, isSame: undefined, ships: '', reason: 'plain Node.js fails, too' }
    }
    return { name: tried.name, packages, ...(await compare(project, folder, plain)) }
  } catch (error) {
    const reason = String(error instanceof Error && 'stderr' in error ? error.stderr : error)
    return { name: tried.name, packages: [], isSame: false, ships: '', reason: firstLine(reason) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function versionOf(name: string, project: string): string {
  return JSON.parse(readFileSync(join(project, 'node_modules', name, 'package.json'), 'utf8')).version
}

async function answerOfNode(project: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(process.execPath, ['-e', PLAIN], { cwd: project, timeout: 60_000 })
    return stdout.slice(stdout.lastIndexOf('\n') + 1)
  } catch {
    return undefined
  }
}

async function compare(
  project: string,
  folder: string,
  plain: string,
): Promise<Pick<Row, 'isSame' | 'ships' | 'reason'>> {
  const built = await run(process.execPath, [COMMAND, 'build', 'index.js', '--name', 'function', '--json'], {
    cwd: project,
    timeout: TIMEOUT_MS,
    maxBuffer: 1 << 26,
  })
  const [report] = JSON.parse(built.stdout).functions
  const zip = join(folder, 'function.zip')
  renameSync(join(project, 'dist', 'function.zip'), zip)
  const parameters = [COMMAND, 'invoke', zip, '--timeout', '60', '--memory', '2048']
  const answer = await run(process.execPath, parameters, { cwd: folder, timeout: TIMEOUT_MS }).then(
    ({ stdout }) => stdout,
    ({ stdout }) => String(stdout),
  )
  const isSame = answer.trim() === plain.trim()
  const ships = report.packages
    .filter(({ reason }: { reason: string | null }) => reason !== null)
    .map((each: { name: string; isBundled: boolean }) =>
      each.isBundled ? `files of ${each.name}` : each.name,
    )
  return { isSame, ships: ships.join(', '), reason: isSame ? '' : firstLine(answer) }
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0]?.slice(0, 160) ?? ''
}
