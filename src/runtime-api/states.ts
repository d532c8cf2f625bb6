/**
 * Where a runtime stands in its conversation with the Runtime API, and the only moves it may make from there.
 *
 * A runtime starts, then either becomes ready by asking for an invocation, or fails to initialise, which is its last
 * word. With SnapStart it asks to be restored from its snapshot before that, and may fail after it. A ready runtime is handed one invocation, answers it once, and becomes ready again by asking for the next.
 * The names are those that AWS writes into its refusals.
 */

export type RuntimeState =
  | 'Started'
  | 'InitError'
  | 'Restored'
  | 'RestoreError'
  | 'Ready'
  | 'Running'
  | 'InvocationResponse'
  | 'InvocationErrorResponse'
  | 'ResponseSent'

const LEGAL_MOVES: Record<RuntimeState, readonly RuntimeState[]> = {
  Started: ['Ready', 'Restored', 'InitError'],
  InitError: [],
  Restored: ['Ready', 'RestoreError'],
  RestoreError: [],
  // A runtime whose connection broke while it waited asks again.
  Ready: ['Ready', 'Running'],
  Running: ['InvocationResponse', 'InvocationErrorResponse'],
  InvocationResponse: ['ResponseSent'],
  InvocationErrorResponse: ['ResponseSent'],
  ResponseSent: ['Ready'],
}

export function isLegalMove(from: RuntimeState, to: RuntimeState): boolean {
  return LEGAL_MOVES[from].includes(to)
}
