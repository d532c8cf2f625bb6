import assert from 'node:assert/strict'
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { foldersToMount } from '../../../src/command-line/docker/project-folders.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../support/projects/files.ts'

function home(t: TestContext, files: Readonly<Record<string, string | object>>): string {
  return writeFiles(realpathSync(temporaryFolder(t)), files)
}

test('a workspace is seen whole: packages of its own and node_modules are further up', (t) => {
  const folder = home(t, {
    'shop/package.json': {},
    'shop/node_modules/nanoid/package.json': {},
    'shop/apps/api/package.json': {},
    'shop/apps/api/src/orders.ts': '',
  })
  const api = join(folder, 'shop/apps/api')
  assert.deepEqual(foldersToMount([api, join(api, 'src/orders.ts')], folder), [join(folder, 'shop')])
})

test('a repository ends at its .git, and a home folder is no project', (t) => {
  const folder = home(t, {
    'package.json': {},
    'node_modules/left-over/package.json': {},
    'code/package.json': {},
    'code/shop/.git/HEAD': '',
    'code/shop/src/orders.ts': '',
    'notes/orders.ts': '',
  })
  assert.deepEqual(foldersToMount([join(folder, 'code/shop/src/orders.ts')], folder), [
    join(folder, 'code/shop'),
  ])
  assert.deepEqual(foldersToMount([join(folder, 'notes/orders.ts')], folder), [join(folder, 'notes')])
})

test('files of several projects, and what links lead to, are all seen', (t) => {
  const folder = home(t, {
    'shop/.git/HEAD': '',
    'shop/src/a.ts': '',
    'shop/node_modules/@own/plain/package.json': {},
    'events/order.json': '{}',
    'linked/.git/HEAD': '',
    'linked/packages/lib/package.json': {},
    'real/b.ts': '',
  })
  mkdirSync(join(folder, 'shop/node_modules/@own'), { recursive: true })
  symlinkSync(join(folder, 'linked/packages/lib'), join(folder, 'shop/node_modules/@own/lib'))
  symlinkSync(join(folder, 'real/b.ts'), join(folder, 'shop/src/b.ts'))
  symlinkSync('nowhere', join(folder, 'shop/node_modules/gone'))
  const files = ['shop/src/a.ts', 'shop/src/b.ts', 'events/order.json'].map((file) => join(folder, file))
  assert.deepEqual(
    foldersToMount(files, folder).toSorted(),
    ['events', 'linked', 'real', 'shop'].map((name) => join(folder, name)),
  )
})

test('a folder inside another is not mounted twice', (t) => {
  const folder = home(t, {
    'shop/package.json': {},
    'shop/vendor/.git/HEAD': '',
    'shop/vendor/x.ts': '',
    'shop/a.ts': '',
  })
  const files = ['shop/vendor/x.ts', 'shop/a.ts'].map((file) => join(folder, file))
  assert.deepEqual(foldersToMount(files, folder), [join(folder, 'shop')])
})

test('a folder that the container needs itself is refused', () => {
  assert.throws(
    () => foldersToMount(['/etc/hosts'], '/root'),
    /--docker expects a project in a folder of its own, and \/etc is one that the container has, too; move the project/,
  )
})

test('with Yarn’s Plug’n’Play, the cache that it has packages in is seen, if it is not in the project', (t) => {
  const location = (path: string) => `"packageLocation": "${path}/node_modules/pino/",\\\n`
  const folder = home(t, {
    'shop/.git/HEAD': '',
    'shop/.pnp.cjs': `${location('../.yarn/berry/cache/pino-npm-10.1.0-3dcf993335-10c0.zip')}${location('./.yarn/cache/a.zip')}`,
    'shop/apps/api/src/orders.ts': '',
    '.yarn/berry/cache/pino-npm-10.1.0-3dcf993335-10c0.zip': '',
  })
  assert.deepEqual(foldersToMount([join(folder, 'shop/apps/api/src/orders.ts')], folder), [
    join(folder, 'shop'),
    join(folder, '.yarn/berry/cache'),
  ])
})
