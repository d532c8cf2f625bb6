import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { userInfo } from 'node:os'
import process from 'node:process'
import { test } from 'node:test'
import { homeVariables } from '../../src/sandbox/lambda-environment.ts'

test('a function has a home, as on Lambda, also where the system does not know who runs it', {
  skip: process.getuid?.() === 0 ? false : 'only root runs things as others',
}, (context) => {
  const nobodyKnown = 54_321
  const run = (code: string, env: Record<string, string>) => {
    const options = { uid: nobodyKnown, gid: nobodyKnown, env, cwd: '/', encoding: 'utf8' } as const
    return spawnSync(process.execPath, ['-e', code], options)
  }
  if (run('', {}).status !== 0) {
    context.skip('this Node.js lies where only root can run it')
    return
  }
  const asks = (env: Record<string, string>) =>
    run("try { process.stdout.write(os.homedir()) } catch { process.stdout.write('none') }", env).stdout
  const throwing = () => {
    throw new Error('uv_os_homedir returned ENOENT')
  }
  assert.equal(asks(homeVariables(throwing)), '/tmp')
  assert.equal(asks({}), 'none')
})

test('who has a home gets no HOME, as on Lambda', () => {
  assert.deepEqual(
    homeVariables(() => '/home/someone'),
    {},
  )
  assert.equal(typeof userInfo().homedir, 'string')
})
