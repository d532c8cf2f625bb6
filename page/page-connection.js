// Follows what changes, and asks for everything where that is not enough.

let changes
let asking = false
/** Some invocations were not told of: there were too many at once. */
let partial = false
/** Told of while everything was asked for: later than that, or in it. */
const toldMeanwhile = []

export function isPartial() {
  return partial
}

/** `take(members, isAll)` gets what is told. A page that nobody sees asks for nothing: call this again when that changes. */
export function follow(take) {
  changes?.close()
  changes = undefined
  if (document.hidden) {
    return
  }
  const status = document.getElementById('connection')
  changes = new EventSource('changes')
  changes.onopen = () => {
    status.textContent = 'live'
    status.className = 'live'
    // What has happened meanwhile.
    askForAll(take)
  }
  changes.onmessage = ({ data }) => takeChange(take, JSON.parse(data))
  changes.onerror = () => {
    status.textContent = 'lambdabin serve has ended, or cannot be reached'
    status.className = ''
  }
}

function takeChange(take, change) {
  if (asking) {
    toldMeanwhile.push(change)
    return
  }
  const { isPartial, ...members } = change
  const wasPartial = partial
  partial = isPartial
  take(members, false)
  if (wasPartial && !partial) {
    askForAll(take)
  }
}

export async function askForAll(take) {
  if (asking) {
    return
  }
  asking = true
  try {
    take(await (await fetch('state')).json(), true)
  } finally {
    asking = false
    for (const change of toldMeanwhile.splice(0)) {
      takeChange(take, change)
    }
  }
}
