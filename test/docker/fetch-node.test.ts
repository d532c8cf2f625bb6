import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'
import { writeFiles } from '../support/projects/files.ts'
import { run } from './processes.ts'

const FETCH = fileURLToPath(new URL('../../scripts/docker/fetch-node.py', import.meta.url))
const missing = ['python3', 'xz', 'tar'].filter((name) => spawnSync(name, ['--version']).error !== undefined)
const skip = missing.length > 0 && `not installed: ${missing.join(', ')}`

/** An archive like the Node.js project's, of these files, and where a server has it: at `/node` and `ending`. */
async function serve(t: TestContext, files: Readonly<Record<string, string>>, ending = '.tar.xz') {
  const folder = temporaryFolder(t)
  writeFiles(join(folder, 'node-v1.0.0-linux-x64'), files)
  const archive = join(folder, `node${ending}`)
  spawnSync('tar', ['--auto-compress', '-cf', archive, '-C', folder, 'node-v1.0.0-linux-x64'])
  const bytes = readFileSync(archive)
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    if (request.url === `/node${ending}`) {
      response.end(bytes)
    } else {
      response.writeHead(404).end()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    target: join(folder, 'target'),
    requests,
  }
}

test('what is needed of a release is unpacked, without its topmost folder', { skip }, async (t) => {
  const { url, sha256, target } = await serve(t, {
    'bin/node': 'node',
    'bin/corepack': 'corepack',
    LICENSE: 'license',
    'lib/node_modules/npm/bin/npm-cli.js': 'npm',
    'include/node/node.h': 'header',
  })
  const { status, output } = await run('python3', [FETCH, `${url}/node.tar.xz`, sha256.toUpperCase(), target])
  assert.equal(status, 0, output)
  assert.equal(readFileSync(join(target, 'bin', 'node'), 'utf8'), 'node')
  assert.ok(existsSync(join(target, 'LICENSE')))
  assert.ok(existsSync(join(target, 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')))
  assert.ok(!existsSync(join(target, 'include')) && !existsSync(join(target, 'bin', 'corepack')))
})

test('a release whose npm is not wanted is unpacked without it', { skip }, async (t) => {
  const { url, sha256, target } = await serve(t, {
    'bin/node': 'node',
    LICENSE: 'license',
    'lib/node_modules/npm/bin/npm-cli.js': 'npm',
  })
  const args = [FETCH, `${url}/node.tar.xz`, sha256, target, '--without-npm']
  const { status, output } = await run('python3', args)
  assert.equal(status, 0, output)
  assert.deepEqual(readdirSync(target, { recursive: true }).sort(), ['LICENSE', 'bin', 'bin/node'])
})

test('another archive than the pinned one is not unpacked, and both checksums are told', {
  skip,
}, async (t) => {
  const { url, sha256, target } = await serve(t, { 'bin/node': 'node' })
  const pinned = 'ab'.repeat(32)
  const { status, output } = await run('python3', [FETCH, `${url}/node.tar.xz`, pinned, target])
  assert.equal(status, 1)
  assert.ok(output.includes(`should have the SHA-256 ${pinned} and came with ${sha256}; it was not used`))
  assert.ok(!existsSync(target))
})

test('an archive without a Node.js in it is refused', { skip }, async (t) => {
  const { url, sha256, target } = await serve(t, { 'README.md': '' })
  const { status, output } = await run('python3', [FETCH, `${url}/node.tar.xz`, sha256, target])
  assert.equal(status, 1)
  assert.match(output, /holds no bin\/node below its topmost folder/)
})

test('what cannot be fetched is asked for three times, and then told with its address', {
  skip,
}, async (t) => {
  const { url, sha256, target, requests } = await serve(t, { 'bin/node': 'node' })
  const { status, output } = await run('python3', [FETCH, `${url}/missing.tar.xz`, sha256, target])
  assert.equal(status, 1)
  assert.match(
    output,
    /missing\.tar\.xz could not be fetched \(HTTP Error 404: Not Found\); check the network/,
  )
  assert.equal(requests.length, 3)
})

for (const ending of ['.tar.gz', '.tar.xz']) {
  test(`an address without its ending finds the archive with the checksum: ${ending}`, {
    skip,
  }, async (t) => {
    const { url, sha256, target } = await serve(t, { 'bin/node': 'node' }, ending)
    const { status, output } = await run('python3', [FETCH, `${url}/node`, sha256, target])
    assert.equal(status, 0, output)
    assert.equal(readFileSync(join(target, 'bin', 'node'), 'utf8'), 'node')
    const pinned = 'ab'.repeat(32)
    const other = await run('python3', [FETCH, `${url}/node`, pinned, join(target, 'other')])
    assert.equal(other.status, 1)
    assert.ok(
      other.output.includes(`node${ending} should have the SHA-256 ${pinned} and came with ${sha256}; it`),
    )
  })
}
