/** Of the event loop. Three are usual. */
const MOST_TURNS = 10

/** Lets Node.js do what it does a little later, as sockets are closed. */
export async function leaveNothing(): Promise<void> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (!process.getActiveResourcesInfo().includes('Immediate')) {
      return
    }
  }
}
