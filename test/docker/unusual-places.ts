/** Checkouts and disks that are not as usual. */

import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { runWell } from './processes.ts'
import { giveToOwner, OWNER, type Session } from './session.ts'

const RUN = ['run', '--rm', 'builder']

/** Enough for what is bundled, and for no executable. */
const LITTLE_MB = 50

export async function testUnusualPlaces(t: TestContext, session: Session, project: string): Promise<void> {
  const { engine, compose } = session

  await t.test(
    'a checkout that cannot be written to is told in a sentence; elsewhere it can be built',
    async () => {
      const place = join(engine.folder, 'read-only')
      mkdirSync(place)
      await runWell('mount', ['--bind', project, place])
      try {
        await runWell('mount', ['-o', 'remount,bind,ro', place])
        const words = ['--project-name', 'project', ...RUN]
        const { status, output } = await compose(place, words)
        assert.equal(status, 1)
        assert.match(
          output,
          /^lambdabin: --out-dir expects a folder that can be written to, and \S+\/dist is none/m,
        )
        const elsewhere = await compose(place, [...words, '--out-dir', '/lambdabin/tmp/out'])
        assert.equal(elsewhere.status, 0, elsewhere.output)
      } finally {
        await runWell('umount', [place])
      }
    },
  )

  await t.test('a full disk is told in a sentence, and what was built before stays', async () => {
    const place = join(project, 'small')
    mkdirSync(place)
    const built = join(project, 'dist/echo.zip')
    const megabytes = Math.ceil(statSync(built).size / 1e6) + LITTLE_MB
    const options = `size=${megabytes}m,uid=${OWNER.uid},gid=${OWNER.gid}`
    await runWell('mount', ['-t', 'tmpfs', '-o', options, 'none', place])
    try {
      copyFileSync(built, join(place, 'echo.zip'))
      const words = [...RUN, '--out-dir', 'small']
      const before = readFileSync(built)
      const again = await compose(project, words)
      assert.equal(again.status, 1)
      assert.match(
        again.output,
        /^lambdabin: there is no space left on the disk of \S+; a build writes .*make room/m,
      )
      assert.doesNotMatch(again.output, /^ +at /m)
      assert.deepEqual(readdirSync(place), ['echo.zip'])
      assert.ok(readFileSync(join(place, 'echo.zip')).equals(before))
    } finally {
      await runWell('umount', [place])
      rmSync(place, { recursive: true })
    }
  })

  await t.test('what is built of root’s own checkout is root’s', async () => {
    await runWell('chown', ['-R', '0:0', project])
    const { status, output } = await compose(project, RUN)
    assert.equal(status, 0, output)
    assert.doesNotMatch(output, /note:/)
    assert.equal(statSync(join(project, 'dist/echo.zip')).uid, 0)
    await giveToOwner(project)
  })
}
