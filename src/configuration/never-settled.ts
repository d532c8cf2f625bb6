import { UsageError } from './usage-error.ts'

/** A configuration, or what it exports, is a promise that nothing will settle. */
export class NeverSettled extends UsageError {
  constructor() {
    super(
      'it waits for a promise that nothing is left to settle; look for one that is neither resolved nor rejected',
    )
  }
}
