/**
 * What the main thread and a thread of its pool tell each other.
 *
 * The main thread *offers* a thread one invocation at a time. The thread takes it as it gets the message, by setting the first word of
 * `offers`, memory that the two share, from the invocation's number to 0; then it calls the handler, and once that has let go of
 * the thread it says `taken`. Until then it is offered no other. What a busy thread has not taken, the main thread takes back in the
 * same way, and offers it to another thread: whoever sets the word has the invocation, so that nobody handles it twice.
 */

import type { ArrivedInvocation } from '../../executable/threads.ts'
import type { ErrorDocument } from '../../runtime-api/contract.ts'

export type ToThread =
  | { readonly kind: 'offer'; readonly number: number; readonly invocation: ArrivedInvocation }
  /** To be answered with `alive` at once. */
  | { readonly kind: 'ping' }
  /** SIGTERM has come. To be answered with `shut-down` once the hooks have run that the function has for it. */
  | { readonly kind: 'shutdown' }

export type ToMain =
  | { readonly kind: 'ready'; readonly shutdown: ShutdownInterest }
  | { readonly kind: 'shut-down' }
  | { readonly kind: 'init-failed'; readonly document: ErrorDocument }
  | { readonly kind: 'taken'; readonly number: number }
  /** An offer had been taken back, or a ping: the thread is not busy. */
  | { readonly kind: 'alive' }
  | { readonly kind: 'response'; readonly number: number; readonly body: string }
  | { readonly kind: 'error'; readonly number: number; readonly document: ErrorDocument }
  /** The thread has answered the invocation itself, by a stream. */
  | { readonly kind: 'answered'; readonly number: number }
  | { readonly kind: 'retiring' }

/** Whether the function has hooks for the end of the environment, and whether it listens to SIGTERM by itself. */
export interface ShutdownInterest {
  readonly hasHooks: boolean
  readonly hasListeners: boolean
}

/** What an invocation came to, for the main thread to post. */
export type Outcome =
  | { readonly kind: 'response'; readonly body: string }
  | { readonly kind: 'error'; readonly document: ErrorDocument }
  | { readonly kind: 'answered' }

/** Sets the shared word from an invocation's number to 0. Whether it was this that did it, and so has the invocation. */
export function takeOffer(offers: Int32Array, number: number): boolean {
  return Atomics.compareExchange(offers, 0, number, 0) === number
}
