import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkHostSystem, HostSystemError } from '../../src/command-line/host-system.ts'

for (const command of ['invoke', 'serve']) {
  test(`${command} runs on Linux only, and says elsewhere what does its work in a container`, () => {
    checkHostSystem(command, 'linux')
    for (const [platform, system] of [
      ['darwin', 'macOS'],
      ['win32', 'Windows'],
      ['freebsd', 'freebsd'],
    ] as const) {
      assert.throws(
        () => checkHostSystem(command, platform),
        (error) =>
          error instanceof HostSystemError &&
          error.isMeantForUser &&
          error.message.startsWith(
            `lambdabin ${command} runs executables for Linux, and this is ${system}; use `,
          ) &&
          error.message.includes('docker-compose up lambda'),
      )
    }
  })
}

test('build is not refused on any system', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    checkHostSystem('build', platform)
  }
})
