/** Whether anybody still waits for an answer. */

import type { ServerResponse } from 'node:http'

/** Aborts when the client closes the connection before it has its answer. */
export function departureSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) {
      controller.abort(new ClientDeparted('the client closed the connection before it was answered'))
    }
  })
  return controller.signal
}

export class ClientDeparted extends Error {
  override name = 'ClientDeparted'
}
