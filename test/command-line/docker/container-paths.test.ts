import assert from 'node:assert/strict'
import { test } from 'node:test'
import { containerArguments } from '../../../src/command-line/docker/container-arguments.ts'
import {
  containerArgument,
  containerPath,
  hostPath,
} from '../../../src/command-line/docker/container-paths.ts'
import { withHostPaths } from '../../../src/command-line/docker/docker-build.ts'

test('a path on macOS and Linux is the same in the container', () => {
  for (const path of ['/Users/me/mein Projekt, ü/src/a.ts', '/c/x', '/work:1/a']) {
    assert.equal(containerPath(path, 'darwin'), path)
    assert.equal(hostPath(path, 'linux'), path)
  }
})

test('a path on Windows has its drive for its first folder, and finds its way back', () => {
  assert.equal(containerPath('C:\\Users\\Jörg\\my shop\\src', 'win32'), '/c/Users/Jörg/my shop/src')
  assert.equal(containerPath('d:/shop/src/', 'win32'), '/d/shop/src/')
  assert.equal(containerPath('C:\\', 'win32'), '/c/')
  assert.equal(hostPath('/c/Users/Jörg/my shop/dist/a.zip', 'win32'), 'C:\\Users\\Jörg\\my shop\\dist\\a.zip')
})

test('a network folder of Windows is refused with what to do', () => {
  assert.throws(
    () => containerPath('\\\\server\\share\\shop', 'win32'),
    /--docker expects files on a drive with a letter, and got \\\\server\\share\\shop; give the network folder a letter/,
  )
})

test('an argument may be relative, and stays so', () => {
  assert.equal(containerArgument('src\\orders.ts', 'win32'), 'src/orders.ts')
  assert.equal(containerArgument('..\\events\\a.json', 'win32'), '../events/a.json')
  assert.equal(containerArgument('C:\\shop\\src\\orders.ts', 'win32'), '/c/shop/src/orders.ts')
  // A file's name may have one here.
  assert.equal(containerArgument('src\\orders.ts', 'linux'), 'src\\orders.ts')
})

test('all options are passed on but --docker, paths as the container has them', () => {
  const args = [
    ...['src\\a.ts', '--docker', '--out-dir', 'build\\out', '--arch=arm64', '--external', '@img\\sharp'],
    ...['--event', 'C:\\shop\\event.json', '--include=data\\a.json', '--intl', 'en,ja', '--no-minify'],
    ...['--zip', 'small', '--init', 'build', '--name=a', '--json', '--node', 'C:\\node', '--', '--b.ts'],
  ]
  assert.deepEqual(containerArguments(args, 'win32'), [
    ...['src/a.ts', '--out-dir=build/out', '--arch=arm64', '--external=@img\\sharp'],
    ...['--event=/c/shop/event.json', '--include=data/a.json', '--intl=en,ja', '--no-minify'],
    ...['--zip=small', '--init=build', '--name=a', '--json', '--node=/c/node', '--', '--b.ts'],
  ])
})

for (const option of [
  ...['out-dir', 'into', 'budget-summary', 'node', 'include', 'event', 'stub', 'config'],
  ...['tsconfig', 'inject', 'node-paths'],
]) {
  test(`--${option} names a path, which is the container’s`, () => {
    assert.deepEqual(containerArguments([`--${option}`, 'C:\\shop\\a b'], 'win32'), [
      `--${option}=/c/shop/a b`,
    ])
    assert.deepEqual(containerArguments([`--${option}=files\\a`], 'win32'), [`--${option}=files/a`])
    assert.deepEqual(containerArguments([`--${option}=files\\a`], 'linux'), [`--${option}=files\\a`])
  })
}

test('the paths of --json’s object are this computer’s, all that there are', () => {
  const report = (place: (name: string) => string) => ({
    functions: [
      {
        name: 'a',
        entry: place('src/a.ts'),
        zip: place('dist/a.zip'),
        folder: null,
        sbom: place('dist/a.cdx.json'),
      },
      { name: 'b', entry: place('src/b.ts'), zip: null, folder: place('dist/b'), sbom: null },
    ],
  })
  const inContainer = `${JSON.stringify(report((name) => `/c/shop/${name}`))}\n`
  const here = report((name) => `C:\\shop\\${name.replaceAll('/', '\\')}`)
  assert.deepEqual(JSON.parse(withHostPaths(inContainer, 'win32')), here)
  assert.deepEqual(
    JSON.parse(withHostPaths(inContainer, 'linux')),
    report((name) => `/c/shop/${name}`),
  )
  assert.equal(withHostPaths('', 'win32'), '', 'what is no such object stays as it is')
})
