/** The loops of a process, or of a thread: as many as there may be invocations at once in it. */

import type { InvocationSource } from '../../executable/threads.ts'
import type { Environment } from '../environment.ts'
import type { HandlerFunction } from '../handler/handler.ts'
import { InvocationLoop } from '../invocation-loop.ts'
import { invocationScope } from '../invocation-scope.ts'
import { countRejections, hasRejectionSince } from '../rejections.ts'

export interface LoopsOptions {
  readonly handler: HandlerFunction
  readonly environment: Environment
  /** Undefined for one at a time. */
  readonly maxConcurrency: number | undefined
  /** Of the loop of this number. */
  readonly createSource: (number: number) => InvocationSource
  /** Whether the process is about to end, and so to ask for no invocation. */
  readonly isEnding: () => boolean
  readonly onStarted: () => void
  /** Is told when the process must end. */
  readonly onFailure: (error: unknown) => void
}

export class InvocationLoops {
  /** Empty until the init phase has ended well. */
  #loops: InvocationLoop[] = []
  readonly #rejections = countRejections()

  get areStarted(): boolean {
    return this.#loops.length > 0
  }

  /** In the next turn, where a promise was rejected in the init phase: by then, Node.js has told of one that nobody handles. */
  start(options: LoopsOptions): void {
    if (hasRejectionSince(this.#rejections)) {
      setImmediate(() => options.isEnding() || this.#start(options))
    } else {
      this.#start(options)
    }
  }

  #start({ handler, environment, maxConcurrency, createSource, onStarted, onFailure }: LoopsOptions): void {
    const isConcurrent = maxConcurrency !== undefined
    for (let number = 0; number < (maxConcurrency ?? 1); number++) {
      const loop = new InvocationLoop(createSource(number), handler, environment, isConcurrent)
      this.#loops[number] = loop
      void runLoop(loop, onFailure)
    }
    onStarted()
  }

  /**
   * Stops all loops for an error that nobody caught. Beside others, only the invocation that the running code belongs to fails.
   * Resolves once all are answered.
   */
  async stop(error: unknown): Promise<void> {
    const origin = this.#origin()
    await Promise.all(
      this.#loops.map((loop) => (!origin || loop === origin ? loop.failRunning(error) : loop.stop())),
    )
  }

  /** Fails the invocation that the running code belongs to, while others are waited for. */
  failOrigin(error: unknown): void {
    void this.#origin()?.failRunning(error)
  }

  /** Fails all in the last turn of the process or thread. */
  failLast(error: unknown): void {
    for (const loop of this.#loops) {
      loop.failLast(error)
    }
  }

  /** Nothing is left to do in the process, so there is one loop: others would wait for their connections. */
  eventLoopIsEmpty(): void {
    this.#loops[0]?.eventLoopIsEmpty()
  }

  #origin(): InvocationLoop | undefined {
    const scope = invocationScope.getStore()
    return scope && this.#loops.find((loop) => loop.isRunning(scope))
  }
}

async function runLoop(loop: InvocationLoop, onFailure: (error: unknown) => void): Promise<void> {
  try {
    await loop.run()
  } catch (error) {
    onFailure(error)
  }
}
