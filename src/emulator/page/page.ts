import type { IncomingMessage, ServerResponse } from 'node:http'

export class Page {
  async serve(_request: IncomingMessage, _response: ServerResponse, _path: string): Promise<boolean> {
    return false
  }
}
