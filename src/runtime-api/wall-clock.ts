/**
 * The time of day, in milliseconds since 1970, whatever a test has put in the place of `Date`: a function is told its deadline by
 * it, and has a clock of its own. Timers are those of `node:timers` for the same reason: with the fake timers of Jest or Vitest,
 * the global ones wait until the test moves its clock on, and nothing would be answered.
 */
export const { now: wallClock } = Date
