import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BUILD_WORDS } from '../../../src/command-line/build/build-arguments.ts'
import {
  containerArgument,
  containerPath,
  hostPath,
} from '../../../src/command-line/docker/container-paths.ts'
import { containerArguments } from '../../../src/command-line/docker/docker-build.ts'

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
  assert.deepEqual(containerArguments(args, BUILD_WORDS, 'win32'), [
    ...['src/a.ts', '--out-dir=build/out', '--arch=arm64', '--external=@img\\sharp'],
    ...['--event=/c/shop/event.json', '--include=data/a.json', '--intl=en,ja', '--no-minify'],
    ...['--zip=small', '--init=build', '--name=a', '--json', '--node=/c/node', '--', '--b.ts'],
  ])
})
