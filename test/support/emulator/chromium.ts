/**
 * A real Chromium, headless, driven over its DevTools protocol: enough of it to open a page, click, type and read.
 *
 * Source: the protocol's documentation, domains Target, Page, Runtime and Input.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { temporaryFolder } from './fixture-package.ts'

/** Debian's; undefined where it is not installed. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync)

const PATIENCE_MS = 30_000

interface Reply {
  id?: number
  result?: Record<string, unknown>
  error?: { message: string }
  method?: string
  params?: Record<string, unknown>
}

export class Tab {
  readonly #socket: WebSocket
  readonly #replies = new Map<number, PromiseWithResolvers<Record<string, unknown>>>()
  /** What the page has written to its console as an error, and what it has thrown. */
  readonly errors: string[] = []
  #lastId = 0

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data))))
  }

  async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId
    const reply = Promise.withResolvers<Record<string, unknown>>()
    this.#replies.set(id, reply)
    this.#socket.send(JSON.stringify({ id, method, params }))
    return await reply.promise
  }

  async open(url: string): Promise<void> {
    await this.send('Page.enable')
    await this.send('Runtime.enable')
    await this.send('Page.navigate', { url })
    await this.until('document.readyState === "complete"')
  }

  /** The value of an expression in the page; of a promise, what it resolves with. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })) as { result: { value: Value }; exceptionDetails?: { text: string } }
    if (exceptionDetails !== undefined) {
      throw new Error(`${expression}: ${exceptionDetails.text}`)
    }
    return result.value
  }

  /** Waits until an expression is true; fails after half a minute, with what the page shows. */
  async until(expression: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS
    while (!(await this.evaluate<boolean>(`Boolean(${expression})`))) {
      if (performance.now() > deadline) {
        const text = await this.evaluate<string>('document.body.innerText')
        throw new Error(`not so after 30 s: ${expression}\n${text}\n${this.errors.join('\n')}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** Clicks with the mouse in the middle of what a selector finds. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(`(() => {
      const found = document.querySelector(${JSON.stringify(selector)})
      found.scrollIntoView({ block: 'center' })
      const { left, top, width, height } = found.getBoundingClientRect()
      return { x: left + width / 2, y: top + height / 2 }
    })()`)
    for (const type of ['mousePressed', 'mouseReleased']) {
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
    }
  }

  async type(text: string): Promise<void> {
    await this.send('Input.insertText', { text })
  }

  async press(key: string, modifiers = 0): Promise<void> {
    const text = key.length === 1 && modifiers === 0 ? { text: key } : {}
    const code = key === 'Enter' ? { windowsVirtualKeyCode: 13 } : {}
    await this.send('Input.dispatchKeyEvent', { type: 'keyDown', key, modifiers, ...text, ...code })
    await this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, modifiers, ...code })
  }

  async text(selector: string): Promise<string> {
    return await this.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`)
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(String(data), 'base64')
  }

  #receive({ id, result, error, method, params }: Reply): void {
    if (id !== undefined) {
      const reply = this.#replies.get(id)
      if (error === undefined) {
        reply?.resolve(result ?? {})
      } else {
        reply?.reject(new Error(error.message))
      }
    } else if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') {
      this.errors.push(JSON.stringify(params))
    }
  }
}

/** A tab of a browser that ends with the test. */
export async function openTab(context: TestContext, size = '1400,900'): Promise<Tab> {
  const profile = temporaryFolder(context)
  const browser = spawn(
    CHROMIUM as string,
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      `--window-size=${size}`,
      '--remote-debugging-port=0',
      `--user-data-dir=${join(profile, 'profile')}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env: { ...process.env, HOME: profile } },
  )
  const closed = once(browser, 'close')
  context.after(async () => {
    process.kill(-(browser.pid as number), 'SIGKILL')
    await closed
  })
  const port = await readPort(browser)
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
    type: string
    webSocketDebuggerUrl: string
  }[]
  const target = targets.find(({ type }) => type === 'page')
  const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '')
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  context.after(() => socket.close())
  return new Tab(socket)
}

async function readPort(browser: ChildProcess): Promise<string> {
  let said = ''
  return await new Promise((resolve, reject) => {
    browser.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [, port] = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(said) ?? []
      if (port !== undefined) {
        resolve(port)
      }
    })
    browser.once('close', () => reject(new Error(`Chromium ended: ${said}`)))
  })
}
