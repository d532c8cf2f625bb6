/** What a project runs its tests with, as its package.json tells. */

/** `jest with types` has Jest's functions as globals that TypeScript knows. */
export type TestRunner = 'node' | 'vitest' | 'jest' | 'jest with types'

interface Installed {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

export function findTestRunner(manifest: Installed | undefined): TestRunner {
  const known = { ...manifest?.dependencies, ...manifest?.devDependencies }
  if (known.vitest !== undefined) {
    return 'vitest'
  }
  if (known.jest === undefined) {
    return 'node'
  }
  return known['@types/jest'] === undefined ? 'jest' : 'jest with types'
}

export const TEST_COMMANDS: Readonly<Record<TestRunner, string>> = {
  node: 'node --test',
  vitest: 'vitest run',
  jest: 'jest',
  'jest with types': 'jest',
}
