import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EventQueue } from '../asynchronous/event-queue.ts'
import type { InvocationHistory } from '../invocation-history.ts'
import type { LocalLambda } from '../local-lambda.ts'

export interface PageOptions {
  lambda: LocalLambda
  queue: EventQueue
  history: InvocationHistory
  failedFolder: string
  path: string
}

export class Page {
  constructor(_options: PageOptions) {}
  async serve(_request: IncomingMessage, _response: ServerResponse, _path: string): Promise<boolean> {
    return false
  }
  link(endpoint: string): string {
    return endpoint
  }
  close(): void {}
}
