/** The files that `lambdabin init` writes, but for package.json: their texts, by path. */

export interface FunctionFiles {
  /** Where the project's functions are. */
  readonly pattern: string
  /** The first function, where there is none. */
  readonly first?: { readonly name: string; readonly entry: string }
}

interface ProjectKind extends FunctionFiles {
  readonly isVitest: boolean
}

/** But for the configuration. */
export function projectFiles({ first, isVitest }: ProjectKind): Record<string, string> {
  return {
    ...(first && {
      [first.entry]: FUNCTION,
      [`test/${first.name}.test.ts`]: isVitest ? vitestTest(first.name) : nodeTest(first.name),
    }),
    'tsconfig.json': TSCONFIG,
    '.gitignore': 'node_modules/\ndist/\n.lambdabin/\n',
  }
}

export const CONFIGURATION_FILE = 'lambdabin.config.ts'

export function configurationText({ pattern }: FunctionFiles): string {
  return `import { defineConfig } from 'lambdabin/config'

export default defineConfig({
  functions: '${pattern}',
})
`
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
