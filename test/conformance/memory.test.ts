/** How much of the function's memory V8's heap may take. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { api, invoke, startFixture, useFixtures } from '../support/runtime-api/conformance.ts'

// Where AWS's client runs, its bootstrap would say how much, and that is a shell script of the managed runtime.
const skip = process.env.CONFORMANCE_AWS_CLIENT !== undefined

useFixtures({ name: 'memory' })

interface Filled {
  readonly filled: number
  readonly limit: number
}

const start = (memory: string | undefined, nodeOptions?: string) =>
  startFixture('memory', 'memory', {
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory,
    NODE_OPTIONS: nodeOptions,
  })

/** What Node.js makes of it, in MiB. */
function limitOfNode(...options: string[]): number {
  const program = 'process.stdout.write(String(v8.getHeapStatistics().heap_size_limit / 1048576))'
  const { stdout } = spawnSync(process.execPath, [...options, '-e', program], { encoding: 'utf8' })
  return Number(stdout)
}

test('350 MB of numbers are no trouble in a function of 512 MB', { skip }, async () => {
  start('512')
  const { filled, limit } = (await invoke({ megabytes: 350 })).json<Filled>()
  assert.deepEqual([filled, limit], [350, limitOfNode(...heapOptions(460, 25))])
})

/** As in the managed runtime, whose bootstrap starts Node.js with these. */
const heapOptions = (old: number, half: number) => [
  `--max-old-space-size=${old}`,
  `--max-semi-space-size=${half}`,
]

for (const [memory, old, half] of [
  ['128', 115, 6],
  ['512', 460, 25],
  ['1024', 921, 51],
  ['1769', 1592, 64],
  ['3008', 2707, 64],
  ['10240', 9216, 64],
] as const) {
  test(`a function of ${memory} MB has nine tenths of it for its objects, and a twentieth for new ones`, {
    skip,
  }, async () => {
    start(memory)
    const { limit } = (await invoke()).json<Filled>()
    assert.equal(limit, limitOfNode(...heapOptions(old, half)))
  })
}

for (const memory of [undefined, '', '0', 'much', '128 MB', '99999999', '-1']) {
  test(`where the memory is ${memory ?? 'not told'}, V8's own limit holds`, { skip }, async () => {
    start(memory)
    const { limit } = (await invoke()).json<Filled>()
    assert.equal(limit, limitOfNode())
  })
}

test('who gives a limit in NODE_OPTIONS gets that', { skip }, async () => {
  start('512', '--max-old-space-size=200 --max-semi-space-size=2')
  const { limit } = (await invoke()).json<Filled>()
  assert.equal(limit, limitOfNode(...heapOptions(200, 2)))
})

test('who gives a Worker limits gets those', { skip }, async () => {
  start('512')
  const { limit } = (await invoke({ worker: true })).json<Filled>()
  assert.equal(limit, 56)
})

test('a heap that is full ends the process, which says why', { skip }, async () => {
  const lambda = start('128')
  api.invoke({ megabytes: 600 }).catch(() => undefined) // Lambda answers it, of the process's end.
  assert.equal((await lambda.exit()).signal, 'SIGABRT')
  assert.match(lambda.output, /heap limit Allocation failed - JavaScript heap out of memory/)
})
