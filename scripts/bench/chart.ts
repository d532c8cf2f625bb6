/**
 * Draws results as an SVG: a panel for each of a few measures, a bar for each contender. It is readable on light and on
 * dark pages: it has a ground of its own and follows the reader's colour scheme.
 */

import {
  type ContenderResults,
  cpuPerThousand,
  type FunctionName,
  firstResponse,
  median,
  type Results,
} from './results.ts'
import { caption } from './tables.ts'

interface Panel {
  readonly title: string
  readonly function: FunctionName
  readonly value: (contender: ContenderResults) => number
}

interface Bar {
  readonly name: string
  readonly isOurs: boolean
  readonly value: number
}

const PANELS: readonly Panel[] = [
  {
    title: 'one call of AWS over HTTPS, 128 MB: first request, ms',
    function: 'get-item',
    value: (contender) => median(contender, 'memory128', firstResponse),
  },
  {
    title: 'the same, 1,769 MB, ms',
    function: 'get-item',
    value: (contender) => median(contender, 'memory1769', firstResponse),
  },
  {
    title: 'echo: first response, ms',
    function: 'echo',
    value: (contender) => median(contender, 'start', firstResponse),
  },
  {
    title: 'echo: first response, cold page cache, ms',
    function: 'echo',
    value: (contender) => median(contender, 'coldStart', firstResponse),
  },
  {
    title: 'AWS SDK + zod: first response, ms',
    function: 'sdk',
    value: (contender) => median(contender, 'start', firstResponse),
  },
  {
    title: 'echo: warm latency p50, µs',
    function: 'echo',
    value: (contender) => median(contender, 'warm', ({ p50Us }) => p50Us),
  },
  {
    title: 'echo: CPU per 1,000 invocations, ms',
    function: 'echo',
    value: (contender) => median(contender, 'warm', cpuPerThousand),
  },
  {
    title: 'echo: peak memory, MiB',
    function: 'echo',
    value: (contender) => median(contender, 'warm', ({ peakKiB }) => peakKiB / 1024),
  },
]

/** References rather than choices, or the same program once more: they are in the tables. */
const LEFT_OUT = new Set([
  'c',
  'bun-socket',
  'lambdabin-event',
  'lambdabin-init-event',
  'lambdabin-layer',
  'lambdabin-intl',
])

const WIDTH = 900
const MARGIN = 20
const PANEL_WIDTH = 420
const LABEL_WIDTH = 165
const BAR_LEFT = LABEL_WIDTH + 8
const BAR_WIDTH = 185
const ROW = 22
/** A bar that is this many times as long as the middle one is cut off, so that the others can be told apart. */
const CUT_ABOVE = 5

const STYLE = `
  .ground { fill: #ffffff; } .title { fill: #1f2328; font-weight: 600; } text { fill: #59636e; }
  .bar { fill: #afb8c1; } .ours { fill: #0969da; } .oursText { fill: #0969da; font-weight: 600; } .cut { stroke: #ffffff; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; } .title { fill: #f0f6fc; } text { fill: #9198a1; }
    .bar { fill: #656c76; } .ours { fill: #4493f8; } .oursText { fill: #4493f8; } .cut { stroke: #0d1117; }
  }`

/** The whole picture; panels for which nothing was measured are left out. */
export function renderChart(results: Results): string {
  const panels = PANELS.map((panel) => ({ title: panel.title, bars: barsOf(results, panel) })).filter(
    ({ bars }) => bars.length > 0,
  )
  const parts: string[] = []
  let top = MARGIN
  for (let index = 0; index < panels.length; index += 2) {
    const row = panels.slice(index, index + 2)
    for (const [column, { title, bars }] of row.entries()) {
      parts.push(drawPanel(title, bars, MARGIN + column * (PANEL_WIDTH + MARGIN), top))
    }
    top += 30 + Math.max(...row.map(({ bars }) => bars.length)) * ROW + 14
  }
  const lines = wrap(`Shorter is better. ${caption(results)}`, 135)
  const foot = lines.map((line, index) => text(MARGIN, top + 12 + index * 15, line, '', 11))
  const height = top + 12 + lines.length * 15 + 4
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">`,
    '<title id="title">lambdabin beside other runtimes: starts, warm invocations and memory</title>',
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>`,
    `<g font-family="system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif">`,
    ...parts,
    ...foot,
    '</g>',
    '</svg>\n',
  ].join('\n')
}

function barsOf(results: Results, panel: Panel): Bar[] {
  return results.contenders
    .filter(({ id, function: name }) => name === panel.function && !LEFT_OUT.has(id))
    .map((contender) => ({
      name: contender.name,
      isOurs: contender.id.startsWith('lambdabin'),
      value: panel.value(contender),
    }))
    .filter(({ value }) => Number.isFinite(value))
}

function drawPanel(title: string, bars: readonly Bar[], left: number, top: number): string {
  const sorted = bars.map(({ value }) => value).toSorted((a, b) => a - b)
  const middle = sorted[sorted.length >> 1] ?? 0
  const longest = Math.max(...sorted.filter((value) => value <= middle * CUT_ABOVE))
  const drawn = bars.map((bar, index) => drawBar(bar, longest, left, top + 30 + index * ROW))
  return [text(left, top + 14, title, 'title', 14), ...drawn].join('\n')
}

function drawBar({ name, isOurs, value }: Bar, longest: number, left: number, top: number): string {
  const isCut = value > longest
  const width = isCut ? BAR_WIDTH + 12 : Math.max(1, (value / longest) * BAR_WIDTH)
  const [x, middle] = [left + BAR_LEFT, top + ROW / 2]
  const cut = x + BAR_WIDTH - 6
  return [
    text(left + LABEL_WIDTH, middle + 4, name, isOurs ? 'oursText' : '', 12, 'end'),
    `<rect class="${isOurs ? 'ours' : 'bar'}" x="${x}" y="${top + 4}" width="${width.toFixed(1)}" height="${ROW - 8}" rx="2"/>`,
    ...(isCut
      ? [`<path class="cut" stroke-width="3" d="M${cut} ${top + ROW - 2} L${cut + 6} ${top + 2}"/>`]
      : []),
    text(x + width + 6, middle + 4, shown(value), isOurs ? 'oursText' : '', 12),
  ].join('\n')
}

function text(x: number, y: number, content: string, style: string, size: number, anchor = 'start'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const classed = style === '' ? '' : ` class="${style}"`
  return `<text x="${x.toFixed(1)}" y="${y}" font-size="${size}" text-anchor="${anchor}"${classed}>${escaped}</text>`
}

function shown(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toFixed(value >= 100 ? 0 : 1)
}

function wrap(words: string, width: number): string[] {
  const lines: string[] = []
  for (const word of words.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else {
      lines.push(word)
    }
  }
  return lines
}
