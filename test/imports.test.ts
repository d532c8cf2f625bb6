/** Which part of the sources may know which: docs/architecture.md draws it. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { PROJECT, readSources, type SourceFile } from './support/source-imports.ts'

const SOURCES = readSources('src/**/*.ts')

/** By room, a folder of `src`, the rooms and files that its files may import beside those of their own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'runtime-api': [],
  executable: ['runtime-api', 'stubs'],
  runtime: ['runtime-api', 'stubs', 'executable'],
  'build-time': ['runtime-api', 'executable', 'runtime'],
  // What runs in other processes is nothing to import, but for what is agreed on with it.
  sandbox: [],
  stubs: [],
  events: [],
  compiler: [
    'runtime-api',
    'executable',
    'sandbox',
    'stubs',
    'src/build-time/contract.ts',
    'bin/pinned-node.js',
    'bin/make-folder.js',
  ],
  emulator: ['runtime-api', 'executable', 'sandbox', 'bin/make-folder.js'],
  inspect: ['runtime-api', 'executable', 'sandbox', 'compiler', 'emulator'],
  configuration: ['stubs', 'compiler'],
  api: [
    ...[
      'runtime-api',
      'sandbox',
      'compiler',
      'emulator',
      'inspect',
      'configuration',
      'events',
      'bin/pinned-node.js',
    ],
  ],
  'command-line': [
    ...[
      'runtime-api',
      'sandbox',
      'compiler',
      'emulator',
      'configuration',
      'api',
      'events',
      'inspect',
      'bin/pinned-node.js',
      'bin/make-folder.js',
    ],
  ],
  cdk: ['configuration'],
  functions: ['src/index.ts'],
  'src/index.ts': ['runtime'],
  'src/cdk.ts': ['cdk'],
  'src/api.ts': ['api', 'compiler', 'events', 'inspect'],
  'src/config.ts': ['configuration'],
  'src/files.d.ts': [],
  'src/cli.ts': ['command-line', 'api', 'configuration'],
}

/** The only files that may pass on what others export: what the package offers. */
const ENTRANCES = ['src/api.ts', 'src/cdk.ts', 'src/config.ts', 'src/index.ts']
const PASSING_ON = /^export\s+(?:type\s+)?(?:\*(?:\s+as\s+\w+)?|\{[^}]*\})\s*from\s*'\./m

test('imports lead from room to room in one direction', () => {
  const wrong = SOURCES.flatMap(({ path, imports }) => {
    const allowed = MAY_IMPORT[roomOf(path)]
    assert.ok(allowed, `${path} is in no room that this test knows`)
    return imports
      .filter((target) => roomOf(target) !== roomOf(path))
      .filter((target) => !allowed.includes(target) && !allowed.includes(roomOf(target)))
      .map((target) => `${path} imports ${target}`)
  })
  assert.deepEqual(wrong, [])
})

test('what is imported is there, and the walk sees imports of all kinds', () => {
  for (const { path, imports } of SOURCES) {
    for (const target of imports) {
      assert.ok(existsSync(join(PROJECT, target)), `${path} imports ${target}, which is not there`)
    }
  }
  const of = (path: string) => SOURCES.find((file) => file.path === path) as SourceFile
  assert.ok(of('src/cli.ts').imports.includes('src/command-line/build/build.ts'), 'import()')
  assert.ok(of('src/runtime/context.ts').imports.includes('src/runtime/handler-contract.ts'), 'import type')
  assert.ok(of('src/index.ts').imports.includes('src/runtime/handler-contract.ts'), 'export type * from')
  assert.ok(of('src/compiler/build-function.ts').imports.length > 15, 'over several lines')
})

test('no file imports itself, by whatever way', () => {
  const byPath = new Map(SOURCES.map((file) => [file.path, file]))
  const finished = new Set<string>()
  const visit = (path: string, way: readonly string[]): void => {
    assert.ok(!way.includes(path), `a circle: ${[...way.slice(way.indexOf(path)), path].join(' > ')}`)
    if (!finished.has(path)) {
      for (const target of byPath.get(path)?.imports ?? []) {
        visit(target, [...way, path])
      }
      finished.add(path)
    }
  }
  for (const { path } of SOURCES) {
    visit(path, [])
  }
})

test('no file passes on what others export, but for what the package offers', () => {
  const passing = SOURCES.filter(({ text }) => PASSING_ON.test(text))
  assert.deepEqual(
    passing.map(({ path }) => path),
    ENTRANCES,
  )
})

// What is in executables is loaded at each start, so that each package in there is a decision of its own.
test('what executables carry needs undici’s client, and no other package', () => {
  const shipped = SOURCES.filter(({ path }) =>
    /^src\/(runtime-api\/contract|executable|runtime)\b/.test(path),
  )
  const packages = new Set(shipped.flatMap((file) => file.packages))
  const others = [...packages].filter((name) => !name.startsWith('node:'))
  assert.deepEqual(
    others.filter((name) => name !== 'aws-lambda' && !/^undici(\/|$)/.test(name)),
    [],
  )
})

for (const [what, expression, owner] of [
  ['ends the process', /\bprocess\.(exit|abort|reallyExit)\(/, 'src/runtime/main.ts'],
  [
    'reads or changes the environment',
    /\bprocess\.env\b|\{[^}]*\benv\b[^}]*\} = process\b/,
    'src/runtime/environment.ts',
  ],
] as const) {
  test(`in the runtime, ${owner} alone ${what}`, () => {
    const found = SOURCES.filter(({ path }) => path.startsWith('src/runtime/')).filter(({ text }) =>
      expression.test(text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, '')),
    )
    assert.deepEqual(
      found.map(({ path }) => path),
      [owner],
    )
  })
}

const MOST_LINES = 300
const MOST_FILES = 20

/** Files that are better longer, and why. */
const LONGER: Readonly<Record<string, string>> = {
  'src/emulator/environments/environment-pool.ts': 'what an environment goes through between two invocations',
  'src/emulator/environments/execution-environment.ts': 'the life of one, from its init phase to its end',
  'src/runtime/connection/http-response-reader.ts': 'one state machine, and what it reads heads with',
}

test('files and folders are of a size that is read in one go', () => {
  const folders = Map.groupBy(SOURCES, ({ path }) => path.slice(0, path.lastIndexOf('/')))
  const full = [...folders].filter(([, files]) => files.length > MOST_FILES).map(([folder]) => folder)
  const long = SOURCES.filter(({ path, text }) => text.split('\n').length > MOST_LINES + 1 && !LONGER[path])
  assert.deepEqual([...full, ...long.map(({ path }) => path)], [])
})

function roomOf(path: string): string {
  const [, room = ''] = /^src\/([^/]+)\//.exec(path) ?? []
  return room || path
}
