import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CHROMIUM, openTab, type Tab } from '../support/emulator/chromium.ts'
import { fixturePackage, temporaryFolder } from '../support/emulator/fixture-package.ts'
import { type ServeProcess, startServe } from '../support/emulator/serve-process.ts'
import { eventually } from '../support/eventually.ts'

const skip = CHROMIUM === undefined ? 'there is no Chromium here (Debian: chromium)' : false
const CONTROL = 2

interface Served extends ServeProcess {
  link: string
  folder: string
}

async function serve(context: TestContext, ...args: string[]): Promise<Served> {
  const folder = temporaryFolder(context)
  const served = await startServe(context, folder, [
    ...[fixturePackage(folder), '--timeout', '60', '--memory', '512', '--retry-delay', '600', ...args],
  ])
  const [, link = ''] = /a page to see it by: (\S+)/.exec(served.stderr()) ?? []
  return { ...served, link, folder }
}

async function openPage(context: TestContext, { link }: Served): Promise<Tab> {
  const tab = await openTab(context)
  await tab.open(link)
  await tab.until('document.querySelector("#connection").textContent === "live"')
  await tab.until('document.querySelector("[data-function=misbehaving]")')
  return tab
}

/** Puts an event into the field as a user does. */
async function enter(tab: Tab, event: string): Promise<void> {
  await tab.click('#event')
  await tab.evaluate('document.querySelector("#event").select()')
  await tab.type(event)
}

test('a function is invoked by a click, and its response, log and timeline are shown', {
  skip,
}, async (context) => {
  const served = await serve(context)
  const tab = await openPage(context, served)
  assert.equal(new URL(await tab.evaluate<string>('location.href')).search, '', 'the token is out of sight')
  await enter(tab, '{"text":"Hello","n":1}')
  await tab.click('#invoke button')
  await tab.until('document.querySelector("#invoke-state").textContent.startsWith("succeeded")')
  assert.deepEqual(JSON.parse(await tab.text('#response')), { text: 'Hello', n: 1 })
  await tab.until('document.querySelector("#invocations tr .succeeded")')
  await tab.click('#invocations tr')
  await tab.until('document.querySelector("#details-log").textContent.includes("REPORT RequestId")')
  assert.deepEqual(JSON.parse(await tab.text('#details-event')), { text: 'Hello', n: 1 })
  const parts = await tab.evaluate<string[]>(
    '[...document.querySelectorAll("#timeline span")].map(({ className }) => className)',
  )
  assert.deepEqual(parts, ['queue', 'init', 'handler', 'answer'])
  await tab.until(
    'document.querySelector("[data-function=misbehaving]").textContent.includes("1 environment, 0 busy")',
  )
  if (process.env.LAMBDABIN_SCREENSHOT) {
    writeFileSync(process.env.LAMBDABIN_SCREENSHOT, await tab.screenshot())
  }
  assert.deepEqual(tab.errors, [])
})

// 320 pixels are what a phone has, and a window of 1,280 at 400%. (Headless Chromium has no window that narrow.)
test('a narrow page is read without scrolling sideways', { skip }, async (context) => {
  const served = await serve(context)
  const tab = await openPage(context, served)
  await tab.send('Emulation.setDeviceMetricsOverride', {
    ...{ width: 320, height: 700, deviceScaleFactor: 1, mobile: false },
  })
  await enter(tab, `{"text":"${'x'.repeat(200)}"}`)
  await tab.click('#invoke button')
  await tab.until('document.querySelector("#invocations tr .succeeded")')
  await tab.click('#invocations td')
  await tab.until('document.querySelector("#details-log").textContent.includes("REPORT RequestId")')
  const widths = '[document.documentElement.scrollWidth, document.documentElement.clientWidth]'
  const [content, window] = await tab.evaluate<number[]>(widths)
  assert.equal(content, window)
})

test('what others invoke shows at once, is found by its text, and is run again', {
  skip,
}, async (context) => {
  const served = await serve(context)
  const tab = await openPage(context, served)
  await served.invoke('misbehaving', { text: 'apples' })
  await served.invoke('misbehaving', { do: 'post an error' })
  await tab.until('document.querySelectorAll("#invocations tr").length === 2')
  await tab.press('/')
  await tab.type('apples')
  await tab.until('document.querySelectorAll("#invocations tr").length === 1')
  await tab.press('Escape')
  await tab.press('j')
  await tab.until('document.querySelector("#details-event").textContent.includes("apples")')
  await tab.press('r')
  await tab.until('document.querySelector("#invoke-state").textContent.startsWith("succeeded")')
  await tab.until('document.querySelectorAll("#invocations tr").length >= 1')
  await tab.evaluate(
    'document.querySelector("#search").value = ""; document.querySelector("#search").dispatchEvent(new Event("input"))',
  )
  await tab.until('document.querySelectorAll("#invocations tr").length === 3')
  await tab.evaluate(
    'document.querySelector("#state-filter").value = "failed"; document.querySelector("#state-filter").dispatchEvent(new Event("change"))',
  )
  await tab.until('document.querySelectorAll("#invocations tr").length === 1')
  assert.match(await tab.text('#invocations tr'), /Function\.Sad/)
  const saved = await tab.evaluate<string>(
    'fetch(document.querySelector("#save").href).then((answer) => answer.text())',
  )
  assert.deepEqual(JSON.parse(saved), { text: 'apples' })
  assert.deepEqual(tab.errors, [])
})

test('beside many invocations the page stays small, and shows how each has ended when they have', {
  skip,
}, async (context) => {
  const served = await serve(context, '--concurrency', '20')
  const tab = await openPage(context, served)
  await tab.evaluate(
    `new MutationObserver(() => { window.mostRows = Math.max(window.mostRows ?? 0, document.querySelectorAll("#invocations tr").length) })
      .observe(document.querySelector("#invocations"), { childList: true })`,
  )
  let number = 0
  const askMany = async () => {
    while (number < 300) {
      await served.invoke('misbehaving', { text: `event ${number++}` })
    }
  }
  await Promise.all(Array.from({ length: 20 }, askMany))
  await tab.until(`(() => {
    const texts = [...document.querySelectorAll("#invocations tr")].map(({ textContent }) => textContent)
    return texts.length === 40 && texts.every((text) => text.includes("succeeded"))
  })()`)
  assert.equal(await tab.evaluate('window.mostRows'), 40)
  const scroll = 'document.querySelector(".table").scrollTo(0, 1e6)'
  await tab.until(`(${scroll}, document.querySelectorAll("#invocations tr").length === 300)`)
  const numbers = await tab.evaluate<number[]>(
    '[...document.querySelectorAll("#invocations tr")].map(({ textContent }) => Number(/event (\\d+)/.exec(textContent)[1]))',
  )
  assert.equal(new Set(numbers).size, 300, 'none is missing')
  assert.deepEqual(tab.errors, [])
})

test('a page that is not in sight is told nothing, and shows all when it is again', {
  skip,
}, async (context) => {
  const served = await serve(context)
  const tab = await openPage(context, served)
  const hide = (isHidden: boolean) =>
    tab.evaluate(
      `Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true }), document.dispatchEvent(new Event("visibilitychange"))`,
    )
  await tab.evaluate('performance.clearResourceTimings()')
  await hide(true)
  await tab.until('performance.getEntriesByType("resource").length === 1')
  await served.invoke('misbehaving', { text: 'unseen' })
  await served.invoke('misbehaving', { text: 'unseen, too' })
  const asked = await tab.evaluate<string[]>(
    'performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname)',
  )
  assert.deepEqual(asked, ['/changes'], 'the one that it has closed')
  assert.equal(await tab.evaluate('document.querySelectorAll("#invocations tr").length'), 0)
  await hide(false)
  await tab.until('document.querySelectorAll("#invocations tr").length === 2')
  await served.invoke('misbehaving', { text: 'seen' })
  await tab.until('document.querySelector("#invocations tr").textContent.includes("seen")')
  assert.deepEqual(tab.errors, [])
})

test('a streaming answer is shown as it comes', { skip }, async (context) => {
  const served = await serve(context)
  const tab = await openPage(context, served)
  await enter(tab, '{"do":"stream and wait"}')
  await tab.press('Enter', CONTROL)
  await tab.until('document.querySelector("#response").textContent === "one"')
  assert.equal(await tab.text('#invoke-state'), 'running')
})

test('sample events fill the field, and the event that was used last is remembered', {
  skip,
}, async (context) => {
  const served = await serve(context)
  const tab = await openPage(context, served)
  const choose = (name: string) =>
    tab.evaluate(
      `(() => { const s = document.querySelector("#sample"); s.value = ${JSON.stringify(name)}; s.dispatchEvent(new Event("change")) })()`,
    )
  const names = await tab.evaluate<string[]>(
    '[...document.querySelector("#sample").options].map(({ value }) => value)',
  )
  for (const name of ['http', 'sqs', 's3', 'eventbridge']) {
    assert.ok(names.includes(name), name)
    await choose(name)
    JSON.parse(await tab.evaluate<string>('document.querySelector("#event").value'))
  }
  await enter(tab, '{"mine":1}')
  await tab.press('Enter', CONTROL)
  await tab.until('document.querySelector("#invoke-state").textContent.startsWith("succeeded")')
  await tab.open(served.link)
  await tab.until('document.querySelector("#event").value === \'{"mine":1}\'')
})

test('queued and failed asynchronous events are shown, and run again', { skip }, async (context) => {
  const served = await serve(context)
  const tab = await openPage(context, served)
  const answer = await served.invoke(
    'misbehaving',
    { do: 'post an error' },
    { 'X-Amz-Invocation-Type': 'Event' },
  )
  const requestId = answer.headers.get('x-amzn-requestid')
  const queued = `#queued [data-request="${requestId}"]`
  await tab.until(`document.querySelector('${queued}')?.textContent.includes("failed 1 times")`)
  await tab.click(`${queued} button`)
  await tab.until(`document.querySelector('${queued}')?.textContent.includes("failed 2 times")`)
  await tab.click(`${queued} button`)
  const failed = `#failed [data-request="${requestId}"]`
  await tab.until(`document.querySelector('${failed}')`)
  const folder = join(served.folder, '.lambdabin/failed/misbehaving')
  assert.deepEqual(readdirSync(folder), [`${requestId}.json`])
  await tab.click(`${failed} button`)
  await eventually(() => readdirSync(folder).length === 0, 'it has been queued again')
  await tab.until('document.querySelector("#queued li")')
})

test('nobody gets in without the token, and no other page can use who has it', async (context) => {
  const served = await serve(context)
  const { origin, searchParams } = new URL(served.link)
  const status = async (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    (
      await fetch(`${origin}${path}`, {
        headers,
        method,
        redirect: 'manual',
        body: method === 'POST' ? '{}' : null,
      })
    ).status
  assert.equal(await status('/'), 403)
  assert.equal(await status('/state'), 403)
  assert.equal(await status('/?token=x'), 403)
  assert.equal(await status(`/?token=${'x'.repeat(searchParams.get('token')?.length ?? 0)}`), 403)
  const entered = await fetch(served.link, { redirect: 'manual' })
  assert.equal(entered.status, 303)
  const cookie = entered.headers.get('set-cookie') ?? ''
  assert.match(cookie, /HttpOnly; SameSite=Strict/)
  const visitor = { cookie: cookie.split(';')[0] ?? '' }
  assert.equal(await status('/', visitor), 200)
  assert.equal(await status('/state', visitor), 200)
  assert.equal(await status('/invoke', visitor, 'POST'), 403, 'from no page')
  assert.equal(await status('/invoke', { ...visitor, origin: 'http://localhost:5173' }, 'POST'), 403)
  assert.equal(await status('/state', { ...visitor, origin: 'https://evil.example' }), 403)
  assert.equal(await status('/invoke', { ...visitor, origin }, 'POST'), 400)
  assert.equal(await status('/page/../../package.json', visitor), 404)
})

test('--no-page has none, and with routes it is elsewhere', async (context) => {
  const served = await serve(context, '--no-page')
  assert.equal(served.link, '')
  assert.equal((await fetch(served.endpoint)).status, 404)
  const folder = temporaryFolder(context)
  writeFileSync(join(folder, 'routes.json'), '{"GET /": "misbehaving"}')
  const routed = await serve(context, '--routes', join(folder, 'routes.json'))
  assert.match(routed.link, /\/lambdabin\/page\/\?token=/)
  assert.equal((await fetch(routed.endpoint)).status, 200)
})
