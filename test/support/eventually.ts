/** Waiting for what happens after an answer, and is told to nobody. */

import assert from 'node:assert/strict'

/** Resolves once `isSo` returns true; fails the test after half a minute. */
export async function eventually(isSo: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!isSo()) {
    if (performance.now() > deadline) {
      assert.fail(`${what}: not so after 30 s`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
