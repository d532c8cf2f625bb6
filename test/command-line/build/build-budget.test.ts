import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runLambdabin } from '../../support/projects/command.ts'

const project = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
after(() => rmSync(project, { recursive: true, force: true }))
const file = (name: string) => join(project, name)
const write = (text: string) => writeFileSync(file('orders.ts'), text)
const run = (...args: string[]) => runLambdabin(['build', 'orders.ts', ...args], { cwd: project })

test('a build within its budget passes, and one that is over it fails with what has grown since', async (t) => {
  writeFileSync(file('package.json'), '{"type":"module"}')
  write('export const handler = async () => 1')

  await t.test('the first that passes is kept in a small file', async () => {
    const { status, stderr } = await run('--budget', 'zip=60MB,init=30s')
    assert.equal(status, 0, stderr)
    assert.match(stderr, /\n {2}budget +zip \d+\.\d\d MB, of 60\.00 MB\n/)
    assert.match(stderr, /\n {2}budget +init \d+\.\d ms, of 30000\.0 ms\n/)
    const kept = JSON.parse(readFileSync(file('lambdabin.budget.json'), 'utf8'))
    assert.ok(kept.orders.zip > 20e6 && kept.orders.init > 0 && kept.orders.parts.bootstrap > 0)
    assert.ok(readFileSync(file('lambdabin.budget.json')).length < 10_000)
  })

  await t.test(
    'the one that grew fails, is told by part, in JSON and as Markdown, and the file stays',
    async () => {
      const before = readFileSync(file('lambdabin.budget.json'), 'utf8')
      write(
        `export const handler = async () => ${JSON.stringify(Buffer.alloc(90_000, 'some text ').toString())}`,
      )
      const { status, stdout, stderr } = await run(
        ...['--budget', 'zip=60MB', '--budget', 'text=50kB', '--json', '--budget-summary', 'summary.md'],
      )
      assert.equal(status, 1)
      assert.match(
        stderr,
        /lambdabin: orders is over its budget: text is 0\.09 MB, and the budget is 0\.05 MB; make it smaller, or raise the budget\n$/,
      )
      assert.match(stderr, /\n {4}function \/ text \/ your code +[\d,]+ +[\d,]+ +\+[\d,]+\n/)
      const [{ budget, zip }] = JSON.parse(stdout).functions
      assert.equal(budget.passed, false)
      assert.ok(existsSync(zip), 'it is built all the same')
      assert.deepEqual(
        budget.lines.map(({ name, limit }: { name: string; limit: number }) => [name, limit]),
        [
          ['zip', 60e6],
          ['text', 50e3],
        ],
      )
      assert.ok(budget.lines[1].before < 5000 && budget.lines[1].value > 90_000)
      const markdown = readFileSync(file('summary.md'), 'utf8')
      assert.match(markdown, /\| orders \| text \| 0\.09 MB \| \+0\.09 MB \| 0\.05 MB \| ❌ over \|/)
      assert.match(markdown, /\| orders \| zip \| .* ✅ \|/)
      assert.match(markdown, /function \/ text \/ your code \| \d+ \| \d+ \| \+\d+ \|/)
      assert.equal(readFileSync(file('lambdabin.budget.json'), 'utf8'), before)
    },
  )

  await t.test('of what is small, a budget is told in kilobytes', async () => {
    const { status, stderr } = await run('--budget', 'text=10B')
    assert.equal(status, 1)
    assert.match(stderr, /text is (0\.\d+|\d+\.\d+) [kM]B, and the budget is 0\.01 kB;/)
  })

  await t.test('a configuration has a budget for each function, and the file is beside it', async () => {
    rmSync(file('lambdabin.budget.json'))
    rmSync(file('dist'), { recursive: true })
    const config = { functions: { orders: { entry: 'orders.ts', budget: { zip: '60MB' } } } }
    writeFileSync(file('lambdabin.config.json'), JSON.stringify(config))
    const args = ['build', '--budget-summary', 'dist/summary.md']
    const { status, stderr } = await runLambdabin(args, { cwd: project })
    assert.equal(status, 0, stderr)
    assert.ok(existsSync(file('dist/summary.md')), 'the folder is made by the build')
    assert.ok(existsSync(file('lambdabin.budget.json')))
  })

  await t.test('a file of passed builds that cannot be written is told in a sentence', async () => {
    rmSync(file('lambdabin.budget.json'))
    mkdirSync(file('lambdabin.budget.json'))
    const { status, stderr } = await run('--budget', 'zip=60MB')
    rmSync(file('lambdabin.budget.json'), { recursive: true })
    assert.equal(status, 1)
    assert.match(
      stderr,
      /(?:^|\n)lambdabin: the build expects to write to the file .*lambdabin\.budget\.json, and cannot; look whether its folder is there, and whose it is\n$/,
    )
  })
})

test('a summary that cannot be written is told in a sentence, before anything is built', async () => {
  const { status, stderr } = await run('--budget', 'zip=60MB', '--budget-summary', 'gone/summary.md')
  assert.equal(status, 1)
  assert.match(
    stderr,
    /^lambdabin: the build expects to write to the file .*gone\/summary\.md, and cannot; look whether its folder is there, and whose it is\n$/,
  )
})

test('a mistake in a budget is told before anything is built, with status 2', async () => {
  const { status, stderr } = await run('--budget', 'zip=40ms')
  assert.deepEqual(
    [status, stderr],
    [2, 'lambdabin: --budget expects a size, as in zip=40MB, and got zip=40ms\n'],
  )
})
