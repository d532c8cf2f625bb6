/** The page of `lambdabin inspect --html`: a treemap of the package, and a flame chart of a start. */
const { inspection, start, hints } = JSON.parse(document.querySelector('#data').textContent)

const MOST_RESULTS = 60
const MOST_TILES = 120
const PREVIEW_TOP = 36
const LEAST_PREVIEW = 40
const ROW_HEIGHT = 22
const AXIS_HEIGHT = 18
/** Where one ends as the next begins, sums differ by less. */
const SAME_MS = 0.002

const element = (selector) => document.querySelector(selector)

function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

function bytes(count) {
  if (count >= 1e6) {
    return `${(count / 1e6).toFixed(2)} MB`
  }
  return count >= 1000 ? `${(count / 1000).toFixed(1)} kB` : `${count} B`
}

const milliseconds = (ms) => `${ms.toFixed(ms < 10 ? 2 : 1)} ms`
const percent = (share) => `${(100 * share).toFixed(1)}%`

/** The same name has the same colour wherever it is. */
function hue(name) {
  let hash = 0
  for (const letter of name) {
    hash = (hash * 31 + letter.codePointAt(0)) % 360
  }
  return hash
}

// The package

let way = [inspection.parts]
let size = 'zippedBytes'
let found

function enter(path) {
  way = path
  drawPackage()
}

function drawPackage() {
  const part = way.at(-1)
  element('#way').replaceChildren(
    ...way.flatMap((step, index) => {
      const button = make('button', { type: 'button', textContent: step.name })
      if (index === way.length - 1) {
        button.setAttribute('aria-current', 'location')
      } else {
        button.addEventListener('click', () => enter(way.slice(0, index + 1)))
      }
      return index === 0 ? [button] : [' › ', button]
    }),
    ` ${bytes(part[size])}, ${percent(part[size] / inspection.parts[size])} of it all`,
  )
  drawTreemap(part)
  drawList(part)
}

function drawTreemap(part) {
  const map = element('#treemap')
  const shown = tiles(part)
  const { clientWidth: width, clientHeight: height } = map
  const places = squarified(
    shown.map((tile) => tile[size]),
    { x: 0, y: 0, width, height },
  )
  map.replaceChildren(...shown.map((tile, index) => tileButton(tile, places[index], part)))
}

/** The largest parts, and the others as one. */
function tiles(part) {
  const all = part.parts.filter((own) => own[size] > 0).toSorted((left, right) => right[size] - left[size])
  if (all.length <= MOST_TILES) {
    return all
  }
  const others = all.slice(MOST_TILES - 1)
  const sum = (key) => others.reduce((total, own) => total + own[key], 0)
  const rest = {
    name: `${others.length} others`,
    bytes: sum('bytes'),
    zippedBytes: sum('zippedBytes'),
    parts: others,
  }
  return [...all.slice(0, MOST_TILES - 1), rest].toSorted((left, right) => right[size] - left[size])
}

function tileButton(tile, place, part) {
  const words = `${tile.name}, ${bytes(tile[size])}, ${percent(tile[size] / part[size])}`
  const isLeaf = tile.parts.length === 0
  const button = make('button', { type: 'button', title: words, className: isLeaf ? 'leaf' : '' })
  button.setAttribute('aria-label', isLeaf ? words : `${words}; enter`)
  button.dataset.name = tile.name
  button.style.setProperty('--hue', hue(tile.name))
  setPlace(button, place)
  if (place.width > 40 && place.height > 18) {
    button.append(tile.name, make('small', { textContent: bytes(tile[size]) }))
  }
  button.classList.toggle('found', tile === found)
  if (!isLeaf) {
    button.append(...preview(tile, place))
    button.addEventListener('click', () => {
      enter([...way, tile])
      element('#treemap button')?.focus()
    })
  }
  return button
}

/** What is within a tile, to see only: it is entered as a whole. */
function preview(tile, { width, height }) {
  const room = { x: 3, y: PREVIEW_TOP, width: width - 8, height: height - PREVIEW_TOP - 5 }
  if (room.width < LEAST_PREVIEW || room.height < LEAST_PREVIEW) {
    return []
  }
  const shown = tiles(tile)
  const places = squarified(
    shown.map((own) => own[size]),
    room,
  )
  return shown.flatMap((own, index) => {
    const place = places[index]
    if (place.width < 3 || place.height < 3) {
      return []
    }
    const inner = make('span', { className: 'inner' })
    inner.style.setProperty('--hue', hue(own.name))
    setPlace(inner, place)
    if (place.width > 50 && place.height > 18) {
      inner.append(own.name)
    }
    return [inner]
  })
}

function setPlace({ style }, { x, y, width, height }) {
  Object.assign(style, { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` })
}

/** Rectangles for values in falling order, as square as can be: Bruls, Huizing and van Wijk, "Squarified Treemaps". */
function squarified(values, room) {
  const places = []
  let rest = { ...room }
  let left = values.reduce((sum, value) => sum + value, 0)
  let from = 0
  while (from < values.length) {
    const side = Math.min(rest.width, rest.height)
    const scale = (rest.width * rest.height) / left
    let until = from + 1
    while (
      until < values.length &&
      worst(values, from, until + 1, side, scale) <= worst(values, from, until, side, scale)
    ) {
      until += 1
    }
    const row = values.slice(from, until)
    const sum = row.reduce((total, value) => total + value, 0)
    const thickness = side === 0 ? 0 : (sum * scale) / side
    let offset = 0
    for (const value of row) {
      const length = sum === 0 ? 0 : (side * value) / sum
      places.push(
        rest.width >= rest.height
          ? { x: rest.x, y: rest.y + offset, width: thickness, height: length }
          : { x: rest.x + offset, y: rest.y, width: length, height: thickness },
      )
      offset += length
    }
    rest =
      rest.width >= rest.height
        ? { ...rest, x: rest.x + thickness, width: Math.max(0, rest.width - thickness) }
        : { ...rest, y: rest.y + thickness, height: Math.max(0, rest.height - thickness) }
    left -= sum
    from = until
  }
  return places
}

/** How far the rectangle of a row that is least square is from being so. */
function worst(values, from, until, side, scale) {
  const row = values.slice(from, until).map((value) => value * scale)
  const sum = row.reduce((total, area) => total + area, 0)
  const factor = (side * side) / (sum * sum)
  return Math.max(factor * row[0], 1 / (factor * row.at(-1)))
}

function drawList(part) {
  const sorted = part.parts.toSorted((left, right) => right[size] - left[size])
  element('#list tbody').replaceChildren(
    ...sorted.map((own) =>
      make(
        'tr',
        {},
        make('td', { textContent: own.name }),
        make('td', { textContent: own.zippedBytes.toLocaleString('en-US') }),
        make('td', { textContent: own.bytes.toLocaleString('en-US') }),
      ),
    ),
  )
}

// Search

const everything = []
function collect(part, path) {
  for (const own of part.parts) {
    const ownPath = [...path, own]
    everything.push({
      text: ownPath
        .slice(1)
        .map(({ name }) => name)
        .join(' / '),
      path: ownPath,
    })
    collect(own, ownPath)
  }
}
collect(inspection.parts, [inspection.parts])

function search() {
  const text = element('#search').value.trim().toLowerCase()
  const matches = text === '' ? [] : everything.filter((each) => each.text.toLowerCase().includes(text))
  const sorted = matches.toSorted((left, right) => right.path.at(-1)[size] - left.path.at(-1)[size])
  const bars =
    text === '' ? [] : flameBars.filter(({ name }) => name.toLowerCase().includes(text)).slice(0, 10)
  element('#results').hidden = text === ''
  element('#results').replaceChildren(
    ...sorted.slice(0, MOST_RESULTS).map(resultItem),
    ...bars.map(barItem),
    ...(sorted.length + bars.length === 0 ? [make('li', { textContent: 'nothing is called so' })] : []),
  )
}

function resultItem({ text, path }) {
  const part = path.at(-1)
  const button = make('button', { type: 'button' }, text, make('small', { textContent: bytes(part[size]) }))
  button.addEventListener('click', () => {
    found = part
    closeResults()
    enter(part.parts.length > 0 ? path : path.slice(0, -1))
    element('#treemap').scrollIntoView({ block: 'nearest' })
  })
  return make('li', {}, button)
}

function barItem(bar) {
  const button = make(
    'button',
    { type: 'button' },
    `in a start: ${bar.name}`,
    make('small', { textContent: milliseconds(bar.ms) }),
  )
  button.addEventListener('click', () => {
    closeResults()
    chooseBar(bar)
    element('#flame').scrollIntoView({ block: 'nearest' })
  })
  return make('li', {}, button)
}

function closeResults() {
  element('#results').hidden = true
}

// A start

const flameBars = start === undefined ? [] : barsOf(start)
let range = { from: 0, until: start?.tracedMs ?? 0 }
let chosen

/** Rows from the top: parts, their parts, modules within each other, and what was loaded of Node.js. */
function barsOf({ timeline }) {
  const bars = []
  const addParts = (parts, depth) => {
    for (const { name, begin, ms, parts: inner } of parts) {
      bars.push({ name, begin, ms, depth, words: milliseconds(ms) })
      addParts(inner, depth + 1)
    }
  }
  addParts(timeline.parts, 0)
  const open = []
  const modules = timeline.modules.toSorted(
    (left, right) => left.begin - right.begin || right.totalMs - left.totalMs,
  )
  for (const { path, begin, ownMs, totalMs, phase } of modules.filter((module) => module.phase === 'init')) {
    while (open.length > 0 && open.at(-1) <= begin + SAME_MS) {
      open.pop()
    }
    const words = `${milliseconds(ownMs)} of its own, ${milliseconds(totalMs)} with what it needs, in the ${phase} phase`
    bars.push({ name: path, begin, ms: totalMs, depth: 2 + open.length, words })
    open.push(begin + totalMs)
  }
  const deepest = bars.reduce((most, { depth }) => Math.max(most, depth), 0)
  for (const { id, askedBy, begin, ms, loaded } of timeline.builtins) {
    bars.push({
      name: id,
      begin,
      ms,
      depth: deepest + 1,
      words: `${milliseconds(ms)}, asked for by ${askedBy}: ${loaded.join(', ')}`,
    })
  }
  return bars
}

function drawFlame() {
  const flame = element('#flame')
  const rows = 1 + flameBars.reduce((most, { depth }) => Math.max(most, depth), 0)
  flame.style.height = `${rows * ROW_HEIGHT + AXIS_HEIGHT}px`
  const scale = flame.clientWidth / (range.until - range.from)
  const visible = flameBars.filter(({ begin, ms }) => begin + ms > range.from && begin < range.until)
  flame.replaceChildren(...axis(scale), ...visible.map((bar) => barButton(bar, scale)))
}

function axis(scale) {
  const step = niceStep((range.until - range.from) / 10)
  const lines = []
  for (let at = Math.ceil(range.from / step) * step; at < range.until; at += step) {
    const line = make('div', { className: 'axis', textContent: `${Number(at.toFixed(3))} ms` })
    line.style.left = `${(at - range.from) * scale}px`
    lines.push(line)
  }
  return lines
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least))
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least)
}

function barButton(bar, scale) {
  const button = make('button', {
    type: 'button',
    textContent: bar.name.replace(/^.*node_modules\//, ''),
    title: `${bar.name}: ${bar.words}`,
  })
  button.setAttribute('aria-label', `${bar.name}: ${bar.words}`)
  button.setAttribute('aria-pressed', String(bar === chosen))
  button.dataset.name = bar.name
  button.style.setProperty('--hue', hue(bar.name))
  const x = Math.max(0, (bar.begin - range.from) * scale)
  const end = Math.min((bar.begin + bar.ms - range.from) * scale, (range.until - range.from) * scale)
  setPlace(button, {
    x,
    y: AXIS_HEIGHT + bar.depth * ROW_HEIGHT,
    width: Math.max(2, end - x),
    height: ROW_HEIGHT,
  })
  button.addEventListener('click', () => chooseBar(bar))
  return button
}

function chooseBar(bar) {
  if (bar === chosen) {
    range = { from: bar.begin, until: bar.begin + Math.max(bar.ms, 0.05) }
  } else if (bar.begin + bar.ms < range.from || bar.begin > range.until) {
    range = { from: 0, until: start.tracedMs }
  }
  chosen = bar
  element('#bar-details').textContent = `${bar.name}: ${bar.words}, from ${milliseconds(bar.begin)} on`
  drawFlame()
  element('#flame button[aria-pressed="true"]')?.focus({ preventScroll: true })
}

// All of it

function describe() {
  const { name, zipBytes, unpackedBytes, nodeVersion, arch, runtimes, lambdabin } = inspection
  element('#name').textContent = name
  element('#summary').textContent =
    `${bytes(zipBytes)}, ${bytes(unpackedBytes)} unpacked; Node.js ${nodeVersion ?? ''} ${arch ?? ''}; ${runtimes.join(', ')}`
  element('#made').textContent = `lambdabin ${lambdabin ?? ''}: inspect --html`
  element('#hints-section').hidden = hints.length === 0
  element('#hints').replaceChildren(
    ...hints.map(({ text, bytes: size, ms }) => {
      const saves = [
        ...(ms === undefined ? [] : [milliseconds(ms)]),
        ...(size === undefined ? [] : [bytes(size)]),
      ]
      const words = saves.length === 0 ? '' : `  up to ${saves.join(', ')}`
      return make('li', {}, text, make('small', { textContent: words }))
    }),
  )
  if (start !== undefined) {
    element('#start-section').hidden = false
    const cold = start.cold === null ? '' : `; ${milliseconds(start.cold.median)} cold`
    element('#start-summary').textContent =
      `${milliseconds(start.warm.median)} to the first next, the median of ${start.runs}${cold}. Below is one that was traced: ${milliseconds(start.tracedMs)}.`
  }
}

describe()
drawPackage()
if (start !== undefined) {
  drawFlame()
}
for (const radio of document.querySelectorAll('input[name=size]')) {
  radio.addEventListener('change', () => {
    size = radio.value
    drawPackage()
  })
}
element('#search').addEventListener('input', search)
element('#whole').addEventListener('click', () => {
  range = { from: 0, until: start.tracedMs }
  drawFlame()
})
document.addEventListener('keydown', (event) => {
  if (event.key === '/' && document.activeElement !== element('#search')) {
    event.preventDefault()
    element('#search').focus()
  } else if (event.key === 'Escape') {
    closeResults()
  }
})
window.addEventListener('resize', () => {
  drawPackage()
  if (start !== undefined) {
    drawFlame()
  }
})
