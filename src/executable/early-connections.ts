/**
 * Opens connections in the init phase, where the executable has what does that: `runtime/early-connections/connect.ts` tells what it
 * is good for, and {@link ./format.ts} how it comes into an executable.
 */

/** What became of a host. */
export interface Connected {
  readonly host: string
  readonly milliseconds: number
  /** Why there is no connection; undefined where there is one. */
  readonly error?: unknown
}

/** `isClosed` tells whether the running code may have none of the connections. Resolves to what became of each host. */
export type ConnectEarly = (timeoutMs: number, isClosed: () => boolean) => Promise<readonly Connected[]>

/** What the script exports. */
export interface ConnectModule {
  connect(options: {
    /** Each HOST or HOST:PORT. */
    readonly hosts: readonly string[]
    /** For all of them. */
    readonly timeoutMs: number
    /** Whether the running code may have none of the connections. */
    readonly isClosed: () => boolean
  }): Promise<readonly Connected[]>
}

/** Milliseconds, for all hosts: what takes longer is left for who needs it. */
export const CONNECT_TIMEOUT_MS = 1000

/** Where `environment` says that connections would not be made as by default, or would be seen. */
const UNFIT_OPTIONS = /(^|[\s"])--(tls[-_]keylog|trace[-_]tls|use[-_]env[-_]proxy)([\s="]|$)/
/** It takes the place of the build's hosts: 0 or none, or others. */
const VARIABLE = 'LAMBDABIN_CONNECT'

/** The hosts to connect to, each once; `built` are those that the build was told, in which `{region}` is still to be filled in. */
export function hostsToConnect(built: readonly string[], environment: NodeJS.ProcessEnv): readonly string[] {
  const { [VARIABLE]: wanted = '', AWS_REGION: region = 'us-east-1' } = environment
  const isUnfit =
    environment.NODE_TLS_REJECT_UNAUTHORIZED === '0' ||
    Boolean(environment.NODE_USE_ENV_PROXY) ||
    UNFIT_OPTIONS.test(environment.NODE_OPTIONS ?? '')
  if (isUnfit || wanted === '0' || wanted === 'false') {
    return []
  }
  const hosts = wanted === '' ? built : wanted.split(/[\s,]+/).filter((host) => host !== '')
  return [...new Set(hosts.map((host) => host.replaceAll('{region}', region).toLowerCase()))]
}

/** Undefined where there is a connection; else why there is none. */
export function problemOf({ error }: Connected): string | undefined {
  if (!(error instanceof Error)) {
    return error === undefined ? undefined : String(error)
  }
  // That of several addresses has no message of its own.
  return error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
}

/** Connects, and says what became of each host: for who tries an executable by hand. */
export async function tellOfEarlyConnections(
  connectEarly: ConnectEarly | undefined,
  say: (line: string) => void,
): Promise<void> {
  for (const connected of (await connectEarly?.(CONNECT_TIMEOUT_MS, () => true)) ?? []) {
    say(connectedLine(connected))
  }
}

function connectedLine(connected: Connected): string {
  const { host, milliseconds } = connected
  const problem = problemOf(connected)
  const outcome = problem === undefined ? `done in ${Math.ceil(milliseconds)} ms` : `failed: ${problem}`
  return `lambdabin: connecting to ${host}: ${outcome.replaceAll('\n', ' ')}\n`
}
