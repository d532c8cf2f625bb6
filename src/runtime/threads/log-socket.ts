/** The connection that takes the logs of an environment of several invocations at once, as lines of JSON. */

import { connect } from 'node:net'

/** Resolves to the connection's descriptor, which is open as long as the process is. Rejects where it cannot be made. */
export function connectLogSocket(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      // Written to by its descriptor, so that nothing is queued; whether the other side goes away shows there.
      socket.on('error', () => {})
      socket.pause().unref()
      const { fd } = Reflect.get(socket, '_handle') as { readonly fd: number }
      resolve(fd)
    })
  })
}
