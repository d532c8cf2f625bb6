import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findIncludes, IncludeError } from '../../../src/compiler/package/included-files.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

function project(t: TestContext): string {
  const folder = temporaryFolder(t)
  writeFiles(folder, { 'outside.txt': '' })
  return writeFiles(join(folder, 'project'), { 'data/a.json': '{}', 'data/deep/b.sh': '', 'c.txt': '' })
}

const find = async (includeRoot: string, ...includes: string[]) =>
  (await findIncludes({ paths: includes, root: includeRoot })).map(
    ({ path, executable }) => `${path}${executable ? '*' : ''}`,
  )

test('files and folders keep their place, and executables their mode', async (t) => {
  const folder = project(t)
  chmodSync(join(folder, 'data/deep/b.sh'), 0o755)
  assert.deepEqual(await find(folder, 'c.txt', './data/'), ['c.txt', 'data/a.json', 'data/deep/b.sh*'])
  assert.deepEqual(await find(folder, join(folder, 'data/deep')), ['data/deep/b.sh*'])
})

test('what is named twice is shipped once', async (t) => {
  assert.deepEqual(await find(project(t), 'data', 'data/a.json', 'data/deep'), [
    'data/a.json',
    'data/deep/b.sh',
  ])
})

test('links are followed', async (t) => {
  const folder = project(t)
  symlinkSync('data/deep', join(folder, 'link'))
  assert.deepEqual(await find(folder, 'link'), ['link/b.sh'])
})

test('a link that leads out of the folder is followed only if that is asked for', async (t) => {
  const folder = project(t)
  symlinkSync('../../outside.txt', join(folder, 'data/key'))
  mkdirSync(join(folder, '../others'))
  writeFiles(join(folder, '../others'), { 'b.txt': '' })
  symlinkSync('../others', join(folder, 'others'))
  for (const include of ['data', 'data/key', 'others', 'others/b.txt']) {
    await assert.rejects(
      findIncludes({ paths: [include], root: folder }),
      (error: unknown) =>
        error instanceof IncludeError &&
        /would ship what is not in the current folder: .*; copy it, or follow such links with --follow-links/.test(
          error.message,
        ),
      include,
    )
  }
  const followed = { paths: ['data/key', 'others'], root: folder, followsLinks: true }
  assert.deepEqual(
    (await findIncludes(followed)).map(({ path }) => path),
    ['data/key', 'others/b.txt'],
  )
})

test('a folder that is itself reached by a link is as any', async (t) => {
  const folder = project(t)
  symlinkSync('project', join(folder, '../linked'))
  assert.deepEqual(await find(join(folder, '../linked'), 'data'), ['data/a.json', 'data/deep/b.sh'])
})

test('files that hold keys are left out of folders, and shipped where they are named', async (t) => {
  const folder = project(t)
  writeFiles(join(folder, 'data'), {
    '.env': '',
    '.env.local': '',
    '.npmrc': '',
    '.aws/credentials': '',
    '.git/config': '',
  })
  assert.deepEqual(await find(folder, 'data'), ['data/a.json', 'data/deep/b.sh'])
  assert.deepEqual(await find(folder, 'data/.env', 'data/.aws'), ['data/.env', 'data/.aws/credentials'])
})

test('an empty folder brings nothing', async (t) => {
  const folder = project(t)
  mkdirSync(join(folder, 'empty'))
  assert.deepEqual(await find(folder, 'empty'), [])
})

for (const [what, include, message] of [
  ['a missing file', 'nowhere.txt', /nowhere\.txt cannot be read/],
  ['a file outside', '../outside.txt', /\.\.\/outside\.txt is outside of it/],
  ['the folder itself', '.', /\. is all of it/],
  ['the folder above', '..', /is outside of it/],
  ['an absolute path elsewhere', '/etc/passwd', /\/etc\/passwd is outside of it/],
  ['a device', 'null', /null is neither/],
  ['a folder that contains itself', 'loop', /has no end/],
] as const) {
  test(`${what} is refused with what to do`, async (t) => {
    const folder = project(t)
    symlinkSync('/dev/null', join(folder, 'null'))
    mkdirSync(join(folder, 'loop'))
    symlinkSync('.', join(folder, 'loop', 'again'))
    await assert.rejects(
      findIncludes({ paths: [include], root: folder }),
      (error: unknown) => error instanceof IncludeError && message.test(error.message),
    )
  })
}

test('so is what this user may not read, a file or a folder, before anything is built of it', async (t) => {
  const folder = project(t)
  chmodSync(folder, 0o755)
  chmodSync(join(folder, '..'), 0o755)
  chmodSync(join(folder, 'c.txt'), 0)
  chmodSync(join(folder, 'data/deep'), 0)
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    process.seteuid?.(1234) // Root may read all.
  }
  try {
    for (const [include, place] of [
      ['c.txt', 'c.txt'],
      ['data', 'data/deep'],
    ] as const) {
      await assert.rejects(find(folder, include), {
        name: 'IncludeError',
        message: `--include expects a file or folder that is there, and ${join(folder, place)} cannot be read (--include ${include}); let this user read it`,
      })
    }
  } finally {
    if (isRoot) {
      process.seteuid?.(0)
    }
    chmodSync(join(folder, 'data/deep'), 0o755)
  }
})
