/** What a build of several functions shows while it goes on: on a terminal lines that change, elsewhere plain ones. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FunctionProgress } from '../../../src/api/build.ts'
import { LambdabinError } from '../../../src/api/lambdabin-error.ts'
import { BuildProgressLines, type ProgressOutput } from '../../../src/command-line/build/build-progress.ts'
import type { BuiltFunction } from '../../../src/compiler/built-function.ts'

function builtFunction(name: string): BuiltFunction {
  return {
    name,
    zip: `${process.cwd()}/dist/${name}.zip`,
    zipBytes: 35_800_000,
    unpackedBytes: 1,
    warnings: [],
    shipped: [],
    packagesWithoutAddon: [],
    packageNotes: [],
    notes: [],
    unanswered: [],
    environmentRead: [],
    isUnchanged: name === 'users',
    steps: [{ name: 'bundle', ms: 1500 }],
  } as unknown as BuiltFunction
}

const ESCAPE = '\u001b'
const MOVE = new RegExp(String.raw`^${ESCAPE}\[(\d*)([A-Z])$`)
const PIECES = new RegExp(String.raw`(${ESCAPE}\[\d*[A-Z]|\n)`)

/** A terminal as far as the lines need one: it moves up, and clears what is below. */
class Terminal implements ProgressOutput {
  readonly isTTY: boolean
  readonly columns = 40
  lines = ['']
  written = ''

  constructor(isTTY: boolean) {
    this.isTTY = isTTY
  }

  write(text: string): boolean {
    this.written += text
    for (const piece of text.split(PIECES).filter((each) => each !== '')) {
      const [, count, command] = MOVE.exec(piece) ?? []
      if (command === 'A') {
        this.lines.splice(this.lines.length - Number(count) - 1)
        this.lines.push('')
      } else if (piece === '\n') {
        this.lines.push('')
      } else if (command === undefined) {
        this.lines[this.lines.length - 1] += piece
      }
    }
    return true
  }
}

const STEPS: readonly FunctionProgress[] = [
  { name: 'orders', kind: 'step', step: 'bundle' },
  { name: 'users', kind: 'step', step: 'bundle' },
  { name: 'orders', kind: 'step done', step: { name: 'bundle', ms: 210 } },
  { name: 'orders', kind: 'step', step: 'code cache' },
]

async function show(isTTY: boolean, heard: readonly FunctionProgress[]): Promise<Terminal> {
  const terminal = new Terminal(isTTY)
  const lines = new BuildProgressLines(terminal)
  lines.hear({
    kind: 'selected',
    functions: ['orders', 'users', 'mail'].map((name) => ({ name, entry: name })),
  })
  for (const progress of heard) {
    lines.hear(progress)
    await new Promise(setImmediate)
  }
  if (heard.at(-1)?.kind !== 'step') {
    await lines.end()
  }
  return terminal
}

test('on a terminal each function that is under way has a line, with the step that it is at', async () => {
  const { lines } = await show(true, STEPS)
  assert.deepEqual(lines, ['  orders           code cache …', '  users            bundle …', ''])
})

test('a line is no longer than the terminal is wide', async () => {
  const { lines } = await show(true, [
    { name: 'a-function-of-a-long-name', kind: 'step', step: 'a step of many words in it' },
  ])
  assert.equal(lines[0]?.length, 39)
})

const ENDS: readonly FunctionProgress[] = [
  ...STEPS,
  { name: 'users', kind: 'built', function: builtFunction('users') },
  { name: 'mail', kind: 'failed', error: new LambdabinError('BUILD', 'it has no handler') },
  { name: 'orders', kind: 'built', function: builtFunction('orders') },
]

test('what is done stays above them, and nothing is left of them at the end', async () => {
  const { lines } = await show(true, ENDS)
  assert.deepEqual(lines, [
    '  users            dist/users.zip, 35.8 MB, unchanged',
    '  mail could not be built: it has no handler',
    '  orders           dist/orders.zip, 35.8 MB, 1.5 s',
    '',
  ])
})

test('elsewhere each step is a plain line with the function’s name', async () => {
  const { written } = await show(false, ENDS)
  assert.equal(
    written,
    [
      '  orders: bundle 0.2 s',
      '  users            dist/users.zip, 35.8 MB, unchanged',
      '  mail could not be built: it has no handler',
      '  orders           dist/orders.zip, 35.8 MB, 1.5 s',
      '',
    ].join('\n'),
  )
})

test('what keeps several functions from being built is told once', async () => {
  const error = new LambdabinError('BUILD', 'nothing is installed')
  const failed = ['orders', 'users'].map((name) => ({ name, kind: 'failed', error }) as const)
  const { written } = await show(false, failed)
  assert.equal(written, '  orders could not be built: nothing is installed\n')
})
