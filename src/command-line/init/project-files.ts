/** The files that `lambdabin init` writes, but for package.json: their texts, by path. */

import type { TestRunner } from './test-runner.ts'

export interface FunctionFiles {
  /** Where the project's functions are; undefined where they are in no such place. */
  readonly pattern?: string
  /** Those that are elsewhere: by name, the paths of their files. */
  readonly found?: Readonly<Record<string, string>>
  /** The first function, where there is none. */
  readonly first?: { readonly name: string; readonly entry: string }
}

interface ProjectKind extends FunctionFiles {
  readonly tests: TestRunner
  /** Whether Node.js takes `.ts` for CommonJS, as the package.json says. */
  readonly isCommonJs: boolean
}

/** But for the configuration. */
export function projectFiles({ first, tests, isCommonJs }: ProjectKind): Record<string, string> {
  return {
    ...(first && {
      [first.entry]: FUNCTION,
      [`test/${first.name}.test.${isCommonJs && tests === 'node' ? 'mts' : 'ts'}`]: TESTS[tests](first.name),
    }),
    'tsconfig.json': TSCONFIG,
    '.gitignore': 'node_modules/\ndist/\n.lambdabin/\n',
  }
}

export const CONFIGURATION_FILE = 'lambdabin.config.ts'

export function configurationText({ pattern, found = {} }: FunctionFiles): string {
  const named = Object.entries(found).map(([name, path]) => `    ${keyOf(name)}: ${quoted(path)},\n`)
  const functions = pattern === undefined ? `{\n${named.join('')}  }` : quoted(pattern)
  return `import { defineConfig } from 'lambdabin/config'

export default defineConfig({
  functions: ${functions},
})
`
}

function keyOf(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : quoted(name)
}

function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, (character) => `\\${character}`)}'`
}

const FUNCTION = `import type { Handler } from 'lambdabin'

export const handler: Handler = async (event: { name?: string }) => {
  console.log('greeting', event.name)
  return { hello: event.name ?? 'world' }
}
`

const TSCONFIG = `{
  "compilerOptions": {
    "target": "es2024",
    "module": "nodenext",
    "strict": true,
    "noEmit": true,
    "types": ["node", "lambdabin/files"]
  },
  "include": ["src", "test", "*.ts"]
}
`

/** It builds what has changed, and runs the executable as Lambda does. */
function nodeTest(name: string): string {
  return `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { invoke } from 'lambdabin/api'

test('${name} greets by name', async () => {
  const result = await invoke({ package: '${name}', event: { name: 'Ada' }, timeout: 30 })
  if (!result.ok) {
    throw result.error
  }
  assert.deepEqual(result.payload, { hello: 'Ada' })
})
`
}

function vitestTest(name: string): string {
  return `import { invoke } from 'lambdabin/api'
import { expect, test } from 'vitest'

test('${name} greets by name', { timeout: 120_000 }, async () => {
  const result = await invoke({ package: '${name}', event: { name: 'Ada' }, timeout: 30 })
  if (!result.ok) {
    throw result.error
  }
  expect(result.payload).toEqual({ hello: 'Ada' })
})
`
}

/** Jest loads no ES module without an option of Node.js's, and so not the API; the command does the same. */
function jestTest(name: string, imports = "import { expect, test } from '@jest/globals'\n"): string {
  return `${imports}import { execFileSync } from 'node:child_process'

function lambdabin(...args: string[]): string {
  return execFileSync('npx', ['lambdabin', ...args], { encoding: 'utf8' })
}

test('${name} greets by name', () => {
  lambdabin('build', '${name}')
  const response = lambdabin('invoke', '${name}', '--event', '{"name":"Ada"}', '--timeout', '30')
  expect(JSON.parse(response)).toEqual({ hello: 'Ada' })
}, 120_000)
`
}

const TESTS: Readonly<Record<TestRunner, (name: string) => string>> = {
  node: nodeTest,
  vitest: vitestTest,
  jest: jestTest,
  'jest with types': (name) => jestTest(name, ''),
}
