import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { CHROMIUM, openTab, type Tab } from '../../support/emulator/chromium.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'
import { buildFunction } from '../../support/projects/built-function.ts'
import { runLambdabin } from '../../support/projects/command.ts'

const skip = CHROMIUM === undefined ? 'there is no Chromium here (Debian: chromium)' : false

async function openPage(context: TestContext, page: string): Promise<Tab> {
  const tab = await openTab(context)
  await tab.send('Log.enable')
  await tab.open(pathToFileURL(page).href)
  await tab.until('document.querySelector("#treemap button")')
  return tab
}

const tileNames = `[...document.querySelectorAll('#treemap button')].map(({ dataset }) => dataset.name)`
const way = `[...document.querySelectorAll('#way button')].map(({ textContent }) => textContent)`

test('the page is entered by clicks, finds modules, and reads a start’s bars, and asks nobody for anything', {
  skip,
}, async (context) => {
  const built = await buildFunction('lazy')
  context.after(() => built.remove())
  const page = join(temporaryFolder(context), 'page.html')
  const { status, stderr } = await runLambdabin([
    'inspect',
    '--start',
    built.zip,
    '--runs',
    '1',
    '--html',
    page,
  ])
  assert.deepEqual([status, stderr], [0, ''])
  const tab = await openPage(context, page)

  await context.test('the treemap is entered, and left by the way', async () => {
    assert.ok((await tab.evaluate<string[]>(tileNames)).includes('Node.js'))
    await tab.click('#treemap button[data-name="Node.js"]')
    assert.ok((await tab.evaluate<string[]>(tileNames)).includes('machine code'))
    await tab.click('#treemap button[data-name="ICU data"]')
    assert.deepEqual(await tab.evaluate(way), ['lazy', 'Node.js', 'ICU data'])
    await tab.click('#way button')
    assert.deepEqual(await tab.evaluate(way), ['lazy'])
  })

  await context.test('the tiles fill the map, and no two overlap', async () => {
    const covered = await tab.evaluate<number>(`(() => {
      const map = document.querySelector('#treemap')
      const areas = [...map.querySelectorAll('button')].map(({ style }) => parseFloat(style.width) * parseFloat(style.height))
      return areas.reduce((sum, area) => sum + area, 0) / (map.clientWidth * map.clientHeight)
    })()`)
    assert.ok(Math.abs(covered - 1) < 0.01, `${covered}`)
  })

  await context.test('a module is found by its name, and shown where it is', async () => {
    await tab.press('/')
    await tab.until('document.activeElement === document.querySelector("#search")')
    await tab.type('price.ts')
    await tab.until('document.querySelector("#results button")')
    await tab.click('#results button')
    const path = await tab.evaluate<string[]>(way)
    assert.deepEqual(path.slice(0, 4), ['lazy', 'function', 'text', 'your code'])
    assert.match(await tab.text('#treemap button.found'), /price\.ts/)
    await tab.evaluate('document.querySelector("#search").value = ""')
  })

  await context.test('a bar of the start is read, and shown larger', async () => {
    await tab.click('#flame button[data-name="Node.js"]')
    assert.match(await tab.text('#bar-details'), /^Node\.js: \d+\.\d+ ms, from \d+\.\d+ ms on$/)
    const width = `document.querySelector('#flame button[data-name="Node.js"]').getBoundingClientRect().width`
    const before = await tab.evaluate<number>(width)
    await tab.click('#flame button[data-name="Node.js"]')
    assert.ok((await tab.evaluate<number>(width)) > before)
    await tab.click('#whole')
    assert.equal(await tab.evaluate<number>(width), before)
  })

  await context.test('unpacked sizes are shown when they are chosen, and a list has the same', async () => {
    await tab.click('#way button')
    await tab.click('input[value=bytes]')
    await tab.click('#list-details summary')
    const cell = await tab.text('#list tbody tr td:nth-child(3)')
    assert.ok(Number(cell.replaceAll(',', '')) > 100e6, cell)
  })

  await context.test('each thing to click has a name, and the page errs and asks nowhere', async () => {
    const unnamed = await tab.evaluate<number>(
      `[...document.querySelectorAll('button, input')].filter((each) => !(each.getAttribute('aria-label') || each.textContent || each.labels?.length)).length`,
    )
    assert.equal(unnamed, 0)
    assert.equal(await tab.evaluate('performance.getEntriesByType("resource").length'), 0)
    assert.deepEqual(tab.errors, [])
    const text = readFileSync(page, 'utf8')
    assert.doesNotMatch(text.replace(/<script id="data"[\s\S]*?<\/script>/, ''), /(?:src|href)="(?!data:)/)
  })

  for (const scheme of ['light', 'dark'] as const) {
    await context.test(`it is readable in ${scheme}`, async () => {
      await tab.send('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      })
      // Of names and of sizes, on each of the colours that a tile may have.
      const contrasts = await tab.evaluate<number[]>(`(() => {
        const luminance = (text) => {
          const [red, green, blue] = text.match(/[\\d.]+/g).map(Number).map((part) => {
            const share = part / 255
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * red + 0.7152 * green + 0.0722 * blue
        }
        const tile = [...document.querySelectorAll('#treemap button')].find((each) => each.querySelector('small'))
        const before = tile.style.getPropertyValue('--hue')
        const found = [tile, tile.querySelector('small')].flatMap((text) =>
          [0, 60, 120, 180, 240, 300].map((hue) => {
            tile.style.setProperty('--hue', hue)
            const both = [luminance(getComputedStyle(text).color), luminance(getComputedStyle(tile).backgroundColor)]
            return (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05)
          }),
        )
        tile.style.setProperty('--hue', before)
        return found
      })()`)
      assert.equal(contrasts.length, 12)
      assert.ok(
        contrasts.every((contrast) => contrast >= 4.5),
        `${contrasts}`,
      )
      if (process.env.LAMBDABIN_SCREENSHOT) {
        writeFileSync(`${process.env.LAMBDABIN_SCREENSHOT}-${scheme}.png`, await tab.screenshot())
      }
    })
  }
})
