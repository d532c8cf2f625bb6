/** Writes an executable that works here: the best variant of it that answers an invocation. */
import type { TargetRunner } from '../base-node/target-runner.ts'
import type { GatheredBytes } from '../elf/gathered-bytes.ts'
import { writeSharedFile } from '../package/shared-blocks.ts'
import { EXECUTABLE_MODE } from '../package/write-zip.ts'
import type { ReadAheadVariant } from '../read-ahead/read-ahead.ts'
import { SelfTestError, type SelfTestResult, testExecutable } from './self-test.ts'

export interface WrittenExecutable {
  /** What the file has. */
  readonly bytes: GatheredBytes
  /** Undefined where nothing of the kind can run here. */
  readonly selfTest: SelfTestResult | undefined
  /** What its starts cost more than they might, in one sentence. */
  readonly note: string | undefined
}

/** `alike`: another executable, to share what is the same with. Rejects with a SelfTestError when the last variant does not work, either. */
export async function writeExecutable(
  executable: string,
  variants: readonly ReadAheadVariant[],
  runner: TargetRunner | undefined,
  alike: string | undefined,
): Promise<WrittenExecutable> {
  let failure = ''
  for (const [index, { bytes: make, note }] of variants.entries()) {
    const bytes = make()
    await writeSharedFile(executable, bytes, EXECUTABLE_MODE, alike)
    if (runner === undefined) {
      return { bytes, selfTest: undefined, note: note(failure) }
    }
    try {
      return { bytes, selfTest: await testExecutable(executable, runner), note: note(failure) }
    } catch (error) {
      if (!(error instanceof SelfTestError) || index === variants.length - 1) {
        throw error
      }
      failure = `with its pages side by side it did not start here (${error.message.split('\n')[0]})`
    }
  }
  throw new Error('an executable has no variant')
}
