/**
 * A command that was handed over to another Node.js (bin/hand-over.js) ends with the process that its user started and may
 * have killed: a descriptor closes then.
 */

import { Socket } from 'node:net'

const VARIABLE = 'LAMBDABIN_LIFELINE'

/** To be called once, before anything is started. */
export function endWithStarter(): void {
  const descriptor = Number(process.env[VARIABLE])
  delete process.env[VARIABLE]
  if (!Number.isInteger(descriptor) || descriptor < 3) {
    return
  }
  try {
    const lifeline = new Socket({ fd: descriptor, readable: true, writable: false })
    lifeline.on('error', () => {})
    // In good order, as if it had been told to.
    lifeline.on('close', () => process.kill(process.pid, 'SIGTERM'))
    lifeline.resume()
    lifeline.unref()
  } catch {
    // The variable came from elsewhere.
  }
}
