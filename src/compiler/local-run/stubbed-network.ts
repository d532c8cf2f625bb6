/** What answers a function's own requests while it is run on this machine, in the place of those whom it calls. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { STUBBED_NETWORK_SETTINGS } from '../../build-time/contract.ts'
import { Responder } from '../../stubs/responder.ts'
import { asStub, countUnanswered } from '../../stubs/stub-file.ts'
import type { AskedRequest, StubbedRequest } from '../../stubs/stubbed-requests.ts'
import { shownPath } from '../shown-path.ts'
import { STUBBED_NETWORK_ENTRY } from '../source-files.ts'
import { writePreloadedScript } from './preloaded-script.ts'

/** A request that a function made, and that was answered in the place of whom it was for. */
export interface FunctionRequest extends AskedRequest {
  /** Whether a stub fits it. What none fits gets the status 404. */
  readonly isAnswered: boolean
}

export interface StubbedNetworkOptions {
  readonly stubs: readonly StubbedRequest[]
  /** Where there may be a folder of its own. */
  readonly workFolder: string
  readonly onRequest?: ((request: FunctionRequest) => void) | undefined
}

/** How many requests are kept: a local Lambda may run for days. */
const MOST_REQUESTS = 1000
const SCRIPT = 'stubbed-network.cjs'

export class StubbedNetwork {
  /** A folder, and the script in it that a function's Node.js loads before all else. */
  readonly preload: { readonly folder: string; readonly script: string }
  readonly #requests: FunctionRequest[]
  readonly #responder: Responder

  static async open({
    stubs,
    workFolder,
    onRequest = () => {},
  }: StubbedNetworkOptions): Promise<StubbedNetwork> {
    const requests: FunctionRequest[] = []
    const responder = await Responder.listen(stubs, (request, isAnswered) => {
      const told = { ...request, isAnswered }
      requests.push(told)
      if (requests.length > MOST_REQUESTS) {
        requests.shift()
      }
      onRequest(told)
    })
    try {
      const folder = await mkdtemp(join(workFolder, 'stubbed-network-'))
      await writePreloadedScript(STUBBED_NETWORK_ENTRY, join(folder, SCRIPT))
      const settings = { ...responder.ports, isUnchecked: true }
      await writeFile(join(folder, STUBBED_NETWORK_SETTINGS), JSON.stringify(settings))
      return new StubbedNetwork(folder, responder, requests)
    } catch (error) {
      await responder.close()
      throw error
    }
  }

  private constructor(folder: string, responder: Responder, requests: FunctionRequest[]) {
    this.preload = { folder, script: SCRIPT }
    this.#responder = responder
    this.#requests = requests
  }

  /** The last thousand, in order. */
  get requests(): readonly FunctionRequest[] {
    return [...this.#requests]
  }

  async close(): Promise<void> {
    await this.#responder.close()
    await rm(this.preload.folder, { recursive: true, force: true })
  }
}

/** What to say of requests that nothing answers: each once, as entries for the stubs. Undefined where there are none. */
export function tellUnanswered(
  requests: readonly FunctionRequest[],
  file: string | undefined,
): string | undefined {
  const entries = [...new Set(requests.filter(({ isAnswered }) => !isAnswered).map(asStub))]
  if (entries.length === 0) {
    return undefined
  }
  const many = countUnanswered(entries.length, file === undefined ? 'the stubs' : shownPath(file))
  return `${many} and got the status 404; add what follows to it, with its response:\n\n${entries.join('\n\n')}\n`
}
