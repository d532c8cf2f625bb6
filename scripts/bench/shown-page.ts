/**
 * One Chromium beside a measurement, which shows the page of `lambdabin serve`, an empty one, or stands still.
 *
 * It is started once. What a browser does as it starts takes two processors for seconds, and is not what a page costs.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuSecondsOf, treeOf } from './processes.ts'

/** `none`: it is stopped, and no process of it runs. */
export type Shown = 'none' | 'empty' | 'page'

const CHROMIUM = 'chromium'
const EMPTY = 'about:blank'
/** What a browser that has started uses of a processor, at most, over how long; and what it gets to come to that. */
const CALM = 0.04
const CALM_MS = 3000
const STARTING_MS = 60_000
/** A page is there, or has gone, and what it had to do for that is done. */
const SETTLING_MS = 3000

export class ShownPage {
  readonly #browser: ChildProcess
  readonly #port: string
  readonly #link: string
  #isStopped = false

  private constructor(browser: ChildProcess, port: string, link: string) {
    this.#browser = browser
    this.#port = port
    this.#link = link
  }

  /** Resolves when what the browser does has become little. */
  static async start(link: string, folder: string): Promise<ShownPage> {
    const browser = spawn(
      CHROMIUM,
      [
        ...['--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update'],
        ...['--remote-debugging-port=0', `--user-data-dir=${join(folder, 'profile')}`, EMPTY],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { ...process.env, HOME: folder } },
    )
    const shown = new ShownPage(browser, await readPort(browser), link)
    await shown.#calm()
    return shown
  }

  get cpuSeconds(): number {
    return cpuSecondsOf(treeOf(this.#pid))
  }

  async show(what: Shown): Promise<void> {
    if (this.#isStopped) {
      process.kill(-this.#pid, 'SIGCONT')
      this.#isStopped = false
    }
    await navigate(this.#port, what === 'page' ? this.#link : EMPTY)
    await delay(SETTLING_MS)
    if (what === 'none') {
      process.kill(-this.#pid, 'SIGSTOP')
      this.#isStopped = true
    }
  }

  async close(): Promise<void> {
    const closed = once(this.#browser, 'close')
    process.kill(-this.#pid, 'SIGKILL')
    await closed
  }

  get #pid(): number {
    return this.#browser.pid as number
  }

  async #calm(): Promise<void> {
    for (let waited = 0; waited < STARTING_MS; waited += CALM_MS) {
      const before = this.cpuSeconds
      await delay(CALM_MS)
      if ((this.cpuSeconds - before) / (CALM_MS / 1000) < CALM) {
        return
      }
    }
    process.stdout.write(`the browser is still busy after ${STARTING_MS / 1000} s\n`)
  }
}

async function readPort(browser: ChildProcess): Promise<string> {
  const found = Promise.withResolvers<string>()
  let said = ''
  browser.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-10_000)
    const [, port] = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(said) ?? []
    if (port !== undefined) {
      found.resolve(port)
    }
  })
  browser.once('error', found.reject)
  browser.once('close', () => found.reject(new Error(`${CHROMIUM} ended as it started: ${said}`)))
  return await found.promise
}

/** Nothing of the protocol stays connected: that would cost something, too. */
async function navigate(port: string, url: string): Promise<void> {
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    type: string
    webSocketDebuggerUrl: string
  }[]
  const socket = new WebSocket(targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '')
  await next(socket, 'open')
  const answered = next(socket, 'message')
  socket.send(JSON.stringify({ id: 1, method: 'Page.navigate', params: { url } }))
  await answered
  socket.close()
}

async function next(socket: WebSocket, name: 'open' | 'message'): Promise<void> {
  await new Promise((resolve, reject) => {
    socket.addEventListener(name, resolve, { once: true })
    socket.addEventListener('error', () => reject(new Error('the browser does not answer')), { once: true })
  })
}
