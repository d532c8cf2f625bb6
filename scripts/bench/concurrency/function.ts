/** The function of the benchmark of several invocations at once: computes a fixed loop, waits, or blocks its thread. */

export interface WorkEvent {
  readonly rounds?: number
  readonly waitMs?: number
  readonly blockMs?: number
}

export const handler = async ({ rounds = 0, waitMs = 0, blockMs = 0 }: WorkEvent) => {
  if (waitMs > 0) {
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
  const end = Date.now() + blockMs
  while (Date.now() < end) {
    // Busy.
  }
  return { rounds, result: compute(rounds) }
}

/** The same for everybody, and nothing that a compiler could leave out. */
export function compute(rounds: number): number {
  let state = 2463534242
  for (let round = 0; round < rounds; round++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
  }
  return state >>> 0
}
