/** What Node.js printed when it could not take a startup snapshot, in few words. */

const LONGEST = 200

export interface SnapshotFailure {
  /** As what follows a colon. */
  readonly how: string
  /** Whether something in the heap holds an object outside of it, which V8 has no way to write. */
  readonly isHeldOutside: boolean
}

/** What Node.js fails with where a callback throws while it makes a snapshot: it tells no `uncaughtException`, and loses count. */
const THROWN =
  /async hook stack has become corrupted|Assertion failed: \(env_->execution_async_id\(\)\) == \(0\)/

/** What C++ prints of an exception that nobody catches: V8 throws none itself. Node.js 22 does so with an AWS SDK client in the heap. */
const OWN_FAULT = /^terminate called after throwing .*\n\s*what\(\):(.*)$/m

/** `ended` is how the process did, where it printed nothing of use. */
export function readSnapshotFailure(stderr: string, ended: string): SnapshotFailure {
  const lines = stderr.split('\n')
  // V8 says where it is on one line, and what is wrong on the next.
  const header = lines.findIndex((line) => /Fatal error in/.test(line))
  const fatal = header === -1 ? undefined : lines[header + 1]?.replace(/^#/, '').trim()
  if (THROWN.test(stderr)) {
    return {
      how: 'a callback of what it has begun throws an error that nobody catches',
      isHeldOutside: false,
    }
  }
  const thrown = OWN_FAULT.exec(stderr)?.[1]
  if (thrown !== undefined) {
    return {
      how: `V8 cannot take a snapshot of it, by a fault of its own (${thrown.trim().slice(0, LONGEST)}) that another version of Node.js may not have`,
      isHeldOutside: false,
    }
  }
  const said =
    fatal ||
    lines.find((line) => /not serialized|Unknown external|Assertion failed|Fatal error/.test(line)) ||
    lines.find((line) => /^[\w.]*Error\b/.test(line)) ||
    ended
  return {
    how: `V8 cannot take a snapshot of it (${said.trim().slice(0, LONGEST)})`,
    isHeldOutside: /CheckGlobalAndEternalHandles/.test(stderr),
  }
}
