// What is on the page, made of what is told: no state of its own.

/** An element with attributes and children; text is text, never markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) {
      made.addEventListener(key.slice(2), value)
    } else if (value !== undefined && value !== false) {
      made.setAttribute(key, value)
    }
  }
  made.append(...children)
  return made
}

export function functionItem(each, isChosen, onChoose) {
  const environments = each.busy + each.idle
  const state =
    environments === 0
      ? 'no environment yet'
      : `${environments} environment${environments === 1 ? '' : 's'}, ${each.busy} busy`
  return element(
    'li',
    {},
    element(
      'button',
      { type: 'button', 'aria-pressed': String(isChosen), 'data-function': each.name, onclick: onChoose },
      element('strong', {}, each.name),
      element('div', { class: 'dim' }, `${each.memorySize} MB, ${each.timeout} s · ${state}`),
    ),
  )
}

export function eventItem(each, action, onRun) {
  const what = each.condition ?? (each.attempts === 0 ? 'waits' : `failed ${each.attempts} times`)
  return element(
    'li',
    { 'data-request': each.requestId },
    element('strong', {}, each.functionName),
    ` ${what} `,
    element('div', { class: 'dim' }, shortened(each.event, 80)),
    element('button', { type: 'button', onclick: onRun }, action),
  )
}

export function invocationRow(each, isSelected, onSelect) {
  return element(
    'tr',
    {
      'data-request': each.requestId,
      'aria-selected': String(isSelected),
      tabindex: '-1',
      onclick: onSelect,
    },
    element('td', {}, new Date(each.startedAt).toLocaleTimeString()),
    element('td', {}, `${each.functionName}${each.version === '$LATEST' ? '' : `:${each.version}`}`),
    element('td', { class: each.state }, each.errorType ?? each.state),
    element('td', {}, milliseconds(each.durationMs)),
    element('td', {}, each.memoryMb === undefined ? '' : `${each.memoryMb} MB`),
    element('td', {}, each.preview ?? ''),
  )
}

/** The parts of an invocation's life, as wide as they were long. */
export function timelineParts(each) {
  const parts = [
    ['queue', 'queue', each.queueMs],
    ['init', 'init', each.initMs],
    ['handler', 'handler', each.handlerMs],
    ['answer', 'response', each.responseMs],
  ].filter(([, , ms]) => ms !== undefined)
  return parts.map(([kind, name, ms]) => {
    const part = element(
      'span',
      { class: kind, title: `${name}: ${milliseconds(ms)}` },
      `${name} ${milliseconds(ms)}`,
    )
    part.style.flexGrow = String(Math.max(ms, 0.01))
    return part
  })
}

export function options(values, chosen) {
  return values.map((value) => element('option', { value, selected: value === chosen && 'selected' }, value))
}

export function milliseconds(ms) {
  return ms === undefined ? '' : ms < 10 ? `${ms.toFixed(2)} ms` : `${Math.round(ms)} ms`
}

/** JSON with line breaks, anything else as it is. */
export function readable(text = '') {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}

function shortened(text = '', length) {
  return text.length > length ? `${text.slice(0, length)}…` : text
}
