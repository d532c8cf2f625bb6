/** What the image is made of is there in both places that it is made in: a checkout, and the npm package. */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, matchesGlob } from 'node:path'
import { test } from 'node:test'
import { IMAGE_CONTEXT } from '../../src/command-line/docker/builder-image.ts'
import { PROJECT, readSources } from '../support/source-imports.ts'

const read = (name: string) => readFileSync(join(PROJECT, name), 'utf8')
const copied = read('.dockerignore')
  .split('\n')
  .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []))
const packed: string[] = JSON.parse(read('package.json')).files

const isIn = (paths: readonly string[], path: string) =>
  paths.some((each) => path === each || path.startsWith(`${each}/`) || matchesGlob(path, each))

test('the build context of a checkout has all that the step that prepares Node.js imports', () => {
  const sources = new Map(readSources('{src,scripts}/**/*.ts').map((file) => [file.path, file.imports]))
  const needed = new Set(['scripts/docker/prepare-node.ts'])
  for (const path of needed) {
    for (const target of sources.get(path) ?? []) {
      needed.add(target)
    }
  }
  assert.ok(needed.size > 8, [...needed].join())
  assert.deepEqual(
    [...needed].filter((path) => !isIn(copied, path)),
    [],
  )
})

test('the npm package has the Dockerfile, and all files that run in the image', () => {
  assert.ok(packed.includes('Dockerfile.amazonlinux'))
  for (const file of readdirSync(join(PROJECT, 'scripts/docker'))) {
    assert.ok(isIn(packed, `scripts/docker/${file}`), file)
  }
  for (const part of ['bin', 'lib', 'bootstrap', 'base-node/package.json', 'base-node/versions.json']) {
    assert.ok(isIn(packed, part), part)
  }
})

test('what the Dockerfile copies by name is in both contexts: that of a checkout, and that of build --docker', () => {
  const lines = [...read('Dockerfile.amazonlinux').matchAll(/^COPY (?!--from)(.*) \S+$/gm)]
  // As it is written for a file that may be missing: package-lock.jso[n].
  const named = lines.flatMap(([, paths = '']) => paths.split(' ')).filter((path) => !/[[\]]|^\.$/.test(path))
  assert.ok(named.includes('base-node/package.json'), named.join())
  for (const path of named) {
    assert.ok(isIn(copied, path), `.dockerignore leaves ${path} out`)
    assert.ok(isIn(IMAGE_CONTEXT, path), `IMAGE_CONTEXT has no ${path}`)
  }
})

test('no file with npm’s settings gets into an image: it may hold a token', () => {
  assert.ok(!copied.some((path) => path.includes('npmrc')))
  assert.doesNotMatch(read('Dockerfile.amazonlinux'), /^COPY.*npmrc/m)
  assert.ok(!packed.some((path) => path.includes('npmrc')))
})
