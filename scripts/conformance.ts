/**
 * Runs the conformance tests against a runtime, and says for each case whether it passes.
 *
 *     npm run conformance -- [--runtime lambdabin|aws-lambda-ric]
 *
 * AWS's client comes from npm, into the cache folder. It builds its addon when it is installed, which takes a C++
 * toolchain with cmake, autoconf, automake and libtool. What it fails is no mistake of ours: the exit status is 0.
 */

import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cacheFolder } from '../bin/pinned-node.js'

const AWS_CLIENT_VERSION = '4.0.2'
const RUNTIMES = ['lambdabin', 'aws-lambda-ric']
const TESTS = fileURLToPath(new URL('../test/conformance/', import.meta.url))

const { values } = parseArgs({ options: { runtime: { type: 'string', default: 'lambdabin' } } })
if (!RUNTIMES.includes(values.runtime)) {
  process.stderr.write(
    `--runtime expects ${RUNTIMES.join(' or ')}, and got ${JSON.stringify(values.runtime)}\n`,
  )
  process.exit(2)
}
const isOurs = values.runtime === 'lambdabin'
if (!isOurs) {
  process.env.CONFORMANCE_AWS_CLIENT = installAwsClient()
  // What it does not do, it does not do however long one waits.
  process.env.CONFORMANCE_PATIENCE_MS ??= '3000'
  process.env.FAULT_COUNT ??= '300'
}
const failed = await runTests()
process.exit(isOurs && failed > 0 ? 1 : 0)

async function runTests(): Promise<number> {
  const counts = { passed: 0, failed: 0 }
  const files = globSync('*.test.ts', { cwd: TESTS })
    .toSorted()
    .map((file) => join(TESTS, file))
  for await (const { type, data } of run({ files, concurrency: 1 })) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const { name, file, details, skip, nesting } = data
    // Suites and files report, too, for what is in them.
    if (details.type === 'suite' || name === file || name.endsWith('.test.ts') || skip) continue
    counts[type === 'test:pass' ? 'passed' : 'failed']++
    const suite = basename(file ?? '', '.test.ts')
    process.stdout.write(
      `${type === 'test:pass' ? 'pass' : 'FAIL'}  ${suite.padEnd(12)} ${'  '.repeat(nesting)}${name}\n`,
    )
  }
  process.stdout.write(`\n${values.runtime}: ${counts.passed} passed, ${counts.failed} failed\n`)
  return counts.failed
}

/** Installs AWS's client, unless it is there. Returns its main file. */
function installAwsClient(): string {
  const folder = join(cacheFolder(), `aws-lambda-ric-${AWS_CLIENT_VERSION}`)
  const main = join(folder, 'node_modules', 'aws-lambda-ric', 'index.mjs')
  const addon = join(folder, 'node_modules', 'aws-lambda-ric', 'rapid-client.node')
  if (existsSync(main) && existsSync(addon)) return main
  mkdirSync(folder, { recursive: true })
  const manifest = {
    private: true,
    dependencies: { 'aws-lambda-ric': AWS_CLIENT_VERSION },
    // npm runs no scripts of packages that are not named here.
    allowScripts: { 'aws-lambda-ric': true },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  execFileSync('npm', ['install'], { cwd: folder, stdio: ['ignore', 2, 2] })
  return main
}
