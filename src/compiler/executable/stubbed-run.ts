/** What answers a function's own requests while the build runs it, and what the build tells of those that had no answer. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OpenSandbox } from '../../sandbox/sandbox.ts'
import { Responder } from '../../stubs/responder.ts'
import { asStub, countUnanswered } from '../../stubs/stub-file.ts'
import type { StubbedRequest } from '../../stubs/stubbed-requests.ts'
import { inAnyRegion } from '../prime/found-hosts.ts'
import { shownPath } from '../shown-path.ts'
import type { ExecutableProgram } from './executable-program.ts'
import { PLACEHOLDER_CREDENTIALS, REGION } from './lambda-environment.ts'

export interface StubOptions {
  /** The absolute path of the file that the stubs are in. */
  readonly file: string
  readonly stubs: readonly StubbedRequest[]
}

/** Makes a program whose function's requests are answered while it is run; where there are no stubs, they are refused. */
export async function withResponder(
  stub: StubOptions | undefined,
  make: (responder: Responder | undefined) => Promise<ExecutableProgram>,
): Promise<ExecutableProgram> {
  if (stub === undefined) {
    return make(undefined)
  }
  const responder = await Responder.listen(stub.stubs)
  try {
    const program = await make(responder)
    const unanswered = responder.unanswered.map(asStub)
    const note = `${countUnanswered(unanswered.length, shownPath(stub.file))}, so what comes after is not prepared; add to it what is told below, with its responses`
    return {
      ...program,
      unanswered,
      foundHosts: foundHosts(responder),
      notes: [...program.notes, ...(unanswered.length > 0 ? [note] : [])],
    }
  } finally {
    await responder.close()
  }
}

/** The hosts that the function called over HTTPS and HTTP/1: see {@link ../prime/found-hosts.ts}. */
export function foundHosts(responder: Responder | undefined): string[] {
  return inAnyRegion(responder?.secureHosts ?? [], REGION)
}

/**
 * Whether a run did all that the function's invocations do: there were events, and none failed, of which `note` would tell. Without
 * stubs it has no credentials, so that an SDK ends before it connects.
 */
export function isWholeRun(
  {
    events,
    responder,
    primesSdk = false,
  }: { events: readonly unknown[]; responder?: Responder | undefined; primesSdk?: boolean },
  note: string | undefined,
): boolean {
  return events.length > 0 && note === undefined && (!primesSdk || responder !== undefined)
}

/** What the warm-up is told of it: the ports. */
export function portsOf(responder: Responder | undefined): string[] {
  return responder === undefined ? [] : [responder.ports.plain, responder.ports.secure].map(String)
}

/** Variables that have a program trust who answers it, and an SDK sign what it asks. `folder` is one that it can read. */
export async function trustIn(
  responder: Responder | undefined,
  folder: string,
  sandbox: OpenSandbox,
): Promise<NodeJS.ProcessEnv> {
  if (responder === undefined) {
    return {}
  }
  const authority = join(folder, 'stub-authority.pem')
  await writeFile(authority, responder.certificate)
  return { ...PLACEHOLDER_CREDENTIALS, NODE_EXTRA_CA_CERTS: sandbox.seen(authority) }
}
