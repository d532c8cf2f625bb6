/** Code that lies in a folder which is somebody else's: a function that was named on the command line. */

import type { CodeDescription } from '../functions/function-configuration.ts'
import type { FunctionCode, ReadyCode } from './function-code.ts'

export class FolderCode implements FunctionCode {
  readonly description: CodeDescription
  readonly zip: string | undefined
  readonly #prepared: ReadyCode

  /** `zip` is the path of what the folder was unpacked from, if it was. */
  constructor(ready: Omit<ReadyCode, 'kind'>, description: CodeDescription, zip: string | undefined) {
    this.description = description
    this.zip = zip
    this.#prepared = { kind: 'ready', ...ready }
  }

  prepare(): ReadyCode {
    return this.#prepared
  }

  async remove(): Promise<void> {
    // Unpacked ones go with the work folder.
  }
}
