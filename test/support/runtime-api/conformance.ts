/**
 * What the conformance tests have in common: fixtures that are built once for a file of tests, and for each test a
 * strict Runtime API of its own, whose rules must not have been broken by the test's end.
 */

import assert from 'node:assert/strict'
import { after, before, beforeEach, type TestContext } from 'node:test'
import { type BuiltFunction, buildFunction, fixturePath } from '../projects/built-function.ts'
import { writeFiles } from '../projects/files.ts'
import { LambdaProcess, within } from './lambda-process.ts'
import { type Answer, type InvocationOptions, StrictRuntimeApi } from './strict-runtime-api.ts'

/** The running test's Runtime API. */
export let api: StrictRuntimeApi
/** The process that the running test started last. */
export let lambda: LambdaProcess

const started: LambdaProcess[] = []
const built = new Map<string, BuiltFunction>()

interface FixtureOptions {
  readonly name: string
  /** The file that it is in, unless that is the name and `.ts`. */
  readonly file?: string
  readonly options?: readonly string[]
  /** Files to put beside the executable, once it is built. */
  readonly files?: Parameters<typeof writeFiles>[1]
}

/** To be called once by a file of tests, with the fixtures that its tests start, and how to build them. */
export function useFixtures(...fixtures: readonly (string | FixtureOptions)[]): void {
  before(async () => {
    for (const each of fixtures) {
      const {
        name,
        file,
        options = [],
        files = {},
      }: FixtureOptions = typeof each === 'string' ? { name: each } : each
      const fixture = await buildFunction(file ? fixturePath(file) : name, ...options)
      writeFiles(fixture.folder, files)
      built.set(name, fixture)
    }
  })
  after(() => Promise.all([...built.values()].map((fixture) => fixture.remove())))
  beforeEach(async (t) => {
    api = await StrictRuntimeApi.start()
    // In an `after` of the test itself, so that a failure is the test's own.
    ;(t as TestContext).after(async () => {
      await Promise.all(started.splice(0).map((process) => process.stop()))
      await api.stop()
      assert.deepEqual(api.violations, [])
    })
  })
}

export function fixture(name: string): BuiltFunction {
  const found = built.get(name)
  if (found === undefined) {
    throw new Error(`the fixture ${name} is not among those that this file uses`)
  }
  return found
}

/** Starts a fixture. `handler` is the handler setting; by default the fixture's name. */
export function startFixture(
  name: string,
  handler: string | undefined = name,
  env: Record<string, string | undefined> = {},
): LambdaProcess {
  lambda = new LambdaProcess(fixture(name).executable, { runtimeApi: api.address, handler, env })
  started.push(lambda)
  return lambda
}

/** The answer to one invocation. What the process printed before it is in `lambda.output` then. */
export async function invoke(
  event: unknown = {},
  options: Omit<InvocationOptions, 'event'> = {},
): Promise<Answer> {
  const answer = await within(
    api.invoke(event, options),
    () => `an answer; the process printed: ${lambda.output}`,
  )
  await lambda.outputSoFar()
  return answer
}

/** Proves that the loop goes on: the process asks for the next invocation. */
export async function assertGoesOn(): Promise<void> {
  await within(api.idle(), () => `the runtime to ask for next; it printed: ${lambda.output}`)
}
