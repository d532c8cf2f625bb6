// The page of lambdabin serve: asks for what there is, follows the changes, and runs functions.

import { askForAll, follow, isPartial } from './page-connection.js'
import { drawList } from './page-list.js'
import { eventItem, functionItem, invocationRow, options, readable, timelineParts } from './page-view.js'
import { SAMPLES } from './samples.js'

/** Rows that are made at first, and each time that the end of them is in sight: more than that are not seen. */
const ROWS = 40
/** The same while there are new ones each second: as many as are in sight, and some. */
const BUSY_ROWS = 20
/** As many as the server keeps: a page that is left open beside a busy function must not grow. */
const MOST_INVOCATIONS = 500
const LAST_EVENTS = 'lambdabin-last-events'

const $ = (id) => document.getElementById(id)
const state = {
  functions: [],
  invocations: new Map(),
  queued: [],
  queuedCount: 0,
  failed: [],
  chosen: undefined,
  selected: undefined,
  /** Request ids that the text which is searched for was found in; undefined for no search. */
  found: undefined,
}

/** Of each function, the event that was used last. */
const lastEvents = new Map(Object.entries(JSON.parse(localStorage.getItem(LAST_EVENTS) ?? '{}')))

/** What has changed, or all there is. */
function take({ invocations, ...members }, isAll) {
  Object.assign(state, members)
  if (isAll) {
    state.invocations.clear()
  }
  for (const each of invocations) {
    state.invocations.set(each.requestId, each)
  }
  forgetOldest()
  if (!state.functions.some(({ name }) => name === state.chosen)) {
    choose(state.functions[0]?.name)
  }
  show()
  if (invocations.some(({ requestId }) => requestId === state.selected) || isOngoing(state.selected)) {
    showDetails()
  }
}

/** Its end may not be told of while many others end. */
function isOngoing(requestId) {
  return ['queued', 'running'].includes(state.invocations.get(requestId)?.state)
}

function forgetOldest() {
  // Not with each message: sorting them costs more than keeping some.
  if (state.invocations.size > 2 * MOST_INVOCATIONS) {
    const latest = latestFirst([...state.invocations.values()]).slice(0, MOST_INVOCATIONS)
    state.invocations = new Map(latest.map((each) => [each.requestId, each]))
  }
}

function latestFirst(invocations) {
  return invocations.sort((left, right) => right.startedAt - left.startedAt)
}

let willDraw = false

/** What is told at once is drawn at once; nothing is drawn that cannot be seen. */
function show() {
  if (!willDraw) {
    willDraw = true
    requestAnimationFrame(draw)
  }
}

function draw() {
  willDraw = false
  drawList('functions', state.functions, state.chosen, (each, isChosen) =>
    functionItem(each, isChosen, () => choose(each.name)),
  )
  drawList('queued', state.queued, undefined, (each) => eventItem(each, 'Run now', () => rerun(each)))
  drawList('failed', state.failed, undefined, (each) => eventItem(each, 'Run again', () => rerun(each)))
  const more = state.queuedCount - state.queued.length
  $('queued-more').textContent = more > 0 ? `and ${more} more` : ''
  const rows = shown().slice(0, rowsToDraw())
  drawList('invocations', rows, state.selected, (each, isSelected) =>
    invocationRow(each, isSelected, () => select(each.requestId)),
  )
}

function shown() {
  const wanted = $('state-filter').value
  const found = [...state.invocations.values()]
    .filter((each) => wanted === '' || each.state === wanted)
    .filter(({ requestId }) => state.found === undefined || state.found.has(requestId))
  return latestFirst(found).slice(0, MOST_INVOCATIONS)
}

let mostRows = ROWS
/** Kept, as asking for it has the browser lay out the page. */
let isScrolled = false

function rowsToDraw() {
  return isPartial() && !isScrolled && state.selected === undefined ? BUSY_ROWS : mostRows
}

function showMoreAtTheEnd({ target }) {
  if (isScrolled !== target.scrollTop > 0) {
    isScrolled = !isScrolled
    show()
  }
  const isEndInSight = target.scrollHeight - target.scrollTop < 2 * target.clientHeight
  if (isEndInSight && $('invocations').children.length === mostRows) {
    mostRows += ROWS
    show()
  } else if (target.scrollTop === 0) {
    mostRows = ROWS
  }
}

function choose(name) {
  state.chosen = name
  const qualifiers = state.functions.find((each) => each.name === name)?.qualifiers ?? []
  $('function').replaceChildren(
    ...options(
      state.functions.map((each) => each.name),
      name,
    ),
  )
  $('qualifier').replaceChildren(...options(qualifiers, '$LATEST'))
  const last = lastEvents.get(name)
  $('sample').replaceChildren(
    ...options(
      ['sample event', ...(last === undefined ? [] : ['last used']), ...Object.keys(SAMPLES)],
      undefined,
    ),
  )
  if (last !== undefined) {
    $('event').value = last
  }
  show()
}

async function select(requestId) {
  state.selected = requestId
  show()
  await showDetails()
}

async function showDetails() {
  const { selected } = state
  const answer = await fetch(`invocation?requestId=${encodeURIComponent(selected)}`)
  if (!answer.ok || selected !== state.selected) {
    return
  }
  const entry = await answer.json()
  $('details').hidden = false
  $('details-title').textContent = `${entry.functionName} · ${entry.requestId}`
  $('timeline').replaceChildren(...timelineParts(entry))
  $('details-event').textContent = readable(entry.event)
  $('details-response').textContent = readable(entry.response)
  $('details-log').textContent = entry.log ?? ''
  $('save').href = `event?requestId=${encodeURIComponent(entry.requestId)}`
}

async function invoke(event) {
  const functionName = $('function').value
  const [answered, status] = [$('response'), $('invoke-state')]
  try {
    JSON.parse(event)
  } catch (error) {
    status.textContent = `not JSON: ${error.message}`
    return
  }
  lastEvents.set(functionName, event)
  localStorage.setItem(LAST_EVENTS, JSON.stringify(Object.fromEntries(lastEvents)))
  answered.textContent = ''
  status.textContent = 'running'
  const started = performance.now()
  const response = await fetch('invoke', {
    method: 'POST',
    body: JSON.stringify({ functionName, qualifier: $('qualifier').value, event }),
  })
  const decoder = new TextDecoder()
  for await (const chunk of chunksOf(response.body)) {
    answered.textContent += decoder.decode(chunk, { stream: true })
  }
  answered.textContent = readable(answered.textContent)
  const failure = response.headers.get('x-amz-function-error')
  const ms = Math.round(performance.now() - started)
  status.textContent = !response.ok
    ? `refused (${response.status}) after ${ms} ms`
    : failure === null
      ? `succeeded after ${ms} ms`
      : `failed (${failure}) after ${ms} ms`
}

async function* chunksOf(stream) {
  const reader = stream.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    yield next.value
  }
}

async function again() {
  const answer = await fetch(`invocation?requestId=${encodeURIComponent(state.selected)}`)
  if (answer.ok) {
    const entry = await answer.json()
    choose(entry.functionName)
    $('event').value = readable(entry.event)
    await invoke(entry.event)
  }
}

async function rerun({ requestId }) {
  await fetch('rerun', { method: 'POST', body: JSON.stringify({ requestId }) })
}

let searching = 0
async function search() {
  const text = $('search').value.trim()
  const number = ++searching
  const found =
    text === '' ? undefined : await (await fetch(`search?text=${encodeURIComponent(text)}`)).json()
  if (number === searching) {
    state.found = found && new Set(found.requestIds)
    filter()
  }
}

/** What is wanted now may not have been told of. */
function filter() {
  mostRows = ROWS
  show()
  if (isPartial() || [...(state.found ?? [])].some((requestId) => !state.invocations.has(requestId))) {
    askForAll(take)
  }
}

function move(step) {
  const all = shown()
  const index = all.findIndex(({ requestId }) => requestId === state.selected)
  const next = all[Math.min(Math.max(index + step, 0), all.length - 1)]
  if (next !== undefined) {
    select(next.requestId)
  }
}

const KEYS = {
  '/': () => $('search').focus(),
  e: () => $('event').focus(),
  j: () => move(1),
  k: () => move(-1),
  r: () => state.selected && again(),
}

document.addEventListener('keydown', (pressed) => {
  const isField = /^(INPUT|TEXTAREA|SELECT)$/.test(pressed.target.tagName)
  if (pressed.key === 'Enter' && (pressed.ctrlKey || pressed.metaKey)) {
    invoke($('event').value)
  } else if (pressed.key === 'Escape') {
    pressed.target.blur()
  } else if (!isField && !pressed.ctrlKey && !pressed.metaKey && !pressed.altKey && KEYS[pressed.key]) {
    pressed.preventDefault()
    KEYS[pressed.key]()
  }
})
$('invoke').addEventListener('submit', (submitted) => {
  submitted.preventDefault()
  invoke($('event').value)
})
$('function').addEventListener('change', () => choose($('function').value))
$('sample').addEventListener('change', () => {
  const name = $('sample').value
  const text =
    name === 'last used' ? lastEvents.get(state.chosen) : JSON.stringify(SAMPLES[name], undefined, 2)
  $('event').value = text ?? $('event').value
})
$('search').addEventListener('input', search)
document.addEventListener('visibilitychange', () => follow(take))
document.querySelector('.table').addEventListener('scroll', showMoreAtTheEnd)
$('state-filter').addEventListener('change', filter)
$('again').addEventListener('click', again)
follow(take)
