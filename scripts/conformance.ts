/**
 * Runs the conformance tests against a runtime, and says for each case whether it passes.
 *
 *     npm run conformance -- [--runtime lambdabin|aws-lambda-ric]
 *
 * What AWS's client fails is no mistake of ours: the exit status is 0 then.
 */

import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import process from 'node:process'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { installAwsClient } from './aws-client.ts'

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
    if (type !== 'test:pass' && type !== 'test:fail') {
      continue
    }
    const { name, file, details, skip, nesting } = data
    // Suites and files report, too, for what is in them.
    if (details.type === 'suite' || name === file || name.endsWith('.test.ts') || skip) {
      continue
    }
    counts[type === 'test:pass' ? 'passed' : 'failed']++
    const suite = basename(file ?? '', '.test.ts')
    process.stdout.write(
      `${type === 'test:pass' ? 'pass' : 'FAIL'}  ${suite.padEnd(12)} ${'  '.repeat(nesting)}${name}\n`,
    )
  }
  process.stdout.write(`\n${values.runtime}: ${counts.passed} passed, ${counts.failed} failed\n`)
  return counts.failed
}
