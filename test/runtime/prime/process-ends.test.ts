/** In processes of their own, which are not to end. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const MODULE = new URL('../../../src/runtime/prime/process-ends.ts', import.meta.url)

for (const [name, call] of [
  ['exit', 'process.exit(3)'],
  ['exit', 'kept(3)'],
  ['exit', 'process.reallyExit(3)'],
  ['abort', 'process.abort()'],
  ['kill', "process.kill(process.pid, 'SIGKILL')"],
  ['kill', 'process.kill(0)'],
  ['execve', "process.execve('/bin/false')"],
] as const) {
  test(`in a rehearsal ${call} is refused, and elsewhere as ever`, () => {
    const program = `
      const kept = process.exit
      const { refuseEnds } = await import(${JSON.stringify(MODULE.href)})
      let isRehearsing = true
      let told = 0
      refuseEnds(() => isRehearsing, () => { told += 1 })
      try {
        ${call}
      } catch (error) {
        process.nextTick(() => console.log(error.message, told))
      }
      process.kill(process.pid, 0)
      setImmediate(() => {
        isRehearsing = false
        process.exit(5)
      })`
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
    })
    assert.equal(
      stdout,
      `the handler calls process.${name}, and a rehearsal is not to end the process; return or throw 1\n`,
    )
    assert.equal(status, 5)
  })
}
