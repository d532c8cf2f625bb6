/** A session with the process's own inspector, whose answers are there at once. */

import { nodeBinding } from '../../runtime/node-binding.ts'

export interface InspectorSession {
  /** What is answered; undefined for an error. */
  post(method: string, parameters?: object): unknown
  disconnect(): void
}

/** Node.js's own half of a session of `node:inspector`, which gets and gives JSON. */
type Connection = new (
  onMessage: (message: string) => void,
) => { dispatch(message: string): void; disconnect(): void }

interface Message {
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
}

/** Undefined where Node.js does not give it away, or calls it something else. */
export function inspectorConnection(): Connection | undefined {
  return nodeBinding<{ Connection?: Connection }>('inspector')?.Connection
}

/** `onNotification` is told what happens, by the inspector's names. */
export function openSession(
  onNotification: (method: string, parameters: unknown) => void = () => {},
): InspectorSession {
  // `node:inspector` loads `node:worker_threads` with all that this needs, and it would all be in the snapshot: 0.4 ms of
  // each start.
  const Connection = inspectorConnection()
  if (Connection === undefined) {
    const { Session } = process.getBuiltinModule('node:inspector')
    const session = new Session()
    session.on('inspectorNotification', ({ method, params }) => onNotification(method, params))
    session.connect()
    return {
      post: (method, parameters = {}) => {
        let answer: unknown
        session.post(method, parameters, (_error, result) => {
          answer = result
        })
        return answer
      },
      disconnect: () => session.disconnect(),
    }
  }
  let answer: unknown
  const connection = new Connection((text) => {
    const { method, params, result }: Message = JSON.parse(text)
    if (method === undefined) {
      answer = result
    } else {
      onNotification(method, params)
    }
  })
  let id = 0
  return {
    post: (method, params = {}) => {
      id += 1
      answer = undefined
      connection.dispatch(JSON.stringify({ id, method, params }))
      return answer
    },
    disconnect: () => connection.disconnect(),
  }
}
