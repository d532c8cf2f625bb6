import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderChart } from '../../scripts/bench/chart.ts'
import { madeUpContender, madeUpResults } from './made-up-results.ts'

/** The width and the value beside each bar of a panel, by the name of the contender. */
function bars(chart: string, title: string): Map<string, { width: number; value: string }> {
  const start = chart.indexOf(`>${title}</text>`)
  assert.ok(start > 0, `no panel ${title}`)
  const end = chart.indexOf('class="title"', start)
  const panel = chart.slice(start, end < 0 ? undefined : end)
  const bar = />([^<]*)<\/text>\n<rect[^>]* width="([\d.]+)"[^>]*\/>\n(?:<path[^>]*>\n)?<text[^>]*>([^<]*)</g
  return new Map(
    Array.from(panel.matchAll(bar), ([, name = '', width, value = '']) => [
      name,
      { width: Number(width), value },
    ]),
  )
}

const chart = renderChart(
  madeUpResults([
    madeUpContender('echo', 'lambdabin', 1),
    madeUpContender('echo', 'aws-lambda-ric', 2),
    madeUpContender('echo', 'deno', 2.5, 'Deno & <others>'),
    madeUpContender('echo', 'nim', 1000),
    madeUpContender('echo', 'c', 0.1),
  ]),
)

test('bars are as long as their values, and say them', () => {
  const first = bars(chart, 'echo: first response, ms')
  assert.deepEqual([...first.keys()], ['lambdabin', 'aws-lambda-ric', 'Deno &amp; &lt;others>', 'nim'])
  const ours = first.get('lambdabin')
  assert.equal(ours?.value, '10.0')
  assert.equal(first.get('aws-lambda-ric')?.value, '20.0')
  assert.ok(Math.abs((first.get('aws-lambda-ric')?.width ?? 0) - 2 * (ours?.width ?? 0)) < 0.2)
})

test('one bar far beyond the others is cut off, and still says its value', () => {
  const first = bars(chart, 'echo: first response, ms')
  const [far, next] = [first.get('nim'), first.get('Deno &amp; &lt;others>')]
  assert.equal(far?.value, '10,000')
  assert.ok((far?.width ?? 0) > (next?.width ?? 0) && (far?.width ?? 0) < 2 * (next?.width ?? 0))
  assert.match(chart, /<path class="cut"/)
})

test('a panel without measurements is left out', () => {
  assert.ok(!chart.includes('AWS SDK + zod: first'))
})

test('it has colours for light and for dark pages, and a ground of its own', () => {
  const [light = '', dark = ''] = chart.split('@media (prefers-color-scheme: dark)')
  for (const style of ['.ground', '.title', 'text', '.bar', '.ours']) {
    assert.ok(light.includes(`${style} { fill:`), `${style} in light`)
    assert.ok(dark.includes(`${style} { fill:`), `${style} in dark`)
  }
  assert.match(chart, /<rect class="ground" width="900"/)
})

test('every element is closed, and everything lies within the picture', () => {
  const open: string[] = []
  for (const [, close, name = '', selfClosing] of chart.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (selfClosing) {
      continue
    }
    if (close) {
      assert.equal(open.pop(), name)
    } else {
      open.push(name)
    }
  }
  assert.deepEqual(open, [])
  const height = Number(/viewBox="0 0 900 (\d+)"/.exec(chart)?.[1])
  for (const [, x, y] of chart.matchAll(/<(?:text|rect[^>]*?) x="([\d.]+)" y="([\d.]+)"/g)) {
    assert.ok(Number(x) < 900 && Number(y) < height, `${x} ${y}`)
  }
})
