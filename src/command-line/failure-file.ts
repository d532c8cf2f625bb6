/**
 * Tells a program that has started this command why it failed, in a file: stderr is for people, and the program may hand it through. The
 * CDK construct does (src/cdk/build-for-synth.ts).
 */
import { writeFileSync } from 'node:fs'
import process from 'node:process'

const VARIABLE = 'LAMBDABIN_FAILURE_FILE'
let file: string | undefined

/** To be called once, before anything is started: others are not to write there. */
export function findFailureFile(): void {
  file = process.env[VARIABLE]
  delete process.env[VARIABLE]
}

export function tellFailure(message: string): void {
  if (file === undefined) {
    return
  }
  try {
    writeFileSync(file, message)
  } catch {
    // It is on stderr, too.
  }
}
