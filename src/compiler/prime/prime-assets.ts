/** What an executable has for its init phase: to prime Node.js, to rehearse its handler and to open connections. */
import {
  CONNECT,
  codeCacheAsset,
  PRIME,
  PRIMING_SETTINGS_ASSET,
  scriptAsset,
} from '../../executable/format.ts'
import type { PrimingSettings } from '../../executable/priming-settings.ts'
import { BuildError } from '../build-error.ts'
import { registersSdk } from '../bundle/sdk-registration.ts'
import { type FunctionRun, makeOwnCodeCache } from '../executable/code-caches.ts'
import type { ProgramSource } from '../executable/executable-program.ts'
import { foundHosts } from '../executable/stubbed-run.ts'
import { readJson } from '../text/byte-order-mark.ts'
import { withFound } from './found-hosts.ts'
import { primedParts } from './primed-parts.ts'
import { mayConnect } from './sdk-requests.ts'

/** A rehearsal has nothing to call the handler with. */
export class NothingToRehearseError extends BuildError {
  override readonly name = 'NothingToRehearseError'
}

/** What is to be primed of a function, before it has been run. */
export interface PrimingPlan {
  /** Whether its sources say that it may connect to others. */
  readonly mayConnect: boolean
  /** Whether a run of it is to find out what clients of the AWS SDK can be primed with. A rehearsal does more. */
  readonly primesSdk: boolean
}

type AssetSource = Pick<ProgramSource, 'runtime' | 'base' | 'taskRoot' | 'folder'>

export async function planPriming({ bundle, init }: ProgramSource): Promise<PrimingPlan> {
  const connects = await mayConnect(bundle)
  const registers = [bundle.entry, ...bundle.chunks].some(({ code }) => registersSdk(code))
  return { mayConnect: connects, primesSdk: connects && registers && !init.isRehearsed }
}

/** By asset name; none for a function that uses nothing of what can be primed. `run` is what a run of it has shown. */
export async function primeAssets(
  source: ProgramSource,
  plan: PrimingPlan,
  run: FunctionRun | undefined,
  { hasCodeCache = true } = {},
): Promise<Record<string, Buffer>> {
  const connect = withFound(source.init.connect ?? [], foundHosts(source.responder))
  const settings: PrimingSettings = {
    parts: primedParts(source.bundle, run, plan.mayConnect),
    ...(run !== undefined && run.sdk.length > 0 && { sdk: run.sdk }),
    ...(await rehearsalOf(source, run)),
    ...(connect.length > 0 && { connect }),
  }
  return settingsAssets(settings, source, { hasCodeCache })
}

/** Tells of a rehearsal that would end the process, or never come to its end, in the init phase: it is left out. */
export function rehearsalNotes({ init }: ProgramSource, run: FunctionRun | undefined): string[] {
  return init.isRehearsed && run?.isCutShort
    ? [
        'the handler is not rehearsed, since with the sample events it ended its process or came to no end on this machine; give it events that it returns from',
      ]
    : []
}

/** What an executable has to do what `settings` say. */
export async function settingsAssets(
  settings: PrimingSettings,
  source: AssetSource,
  { hasCodeCache = true } = {},
): Promise<Record<string, Buffer>> {
  const needed = {
    [PRIME]: settings.parts.length > 0 || settings.rehearsal !== undefined,
    [CONNECT]: settings.connect !== undefined,
  }
  const names = ([PRIME, CONNECT] as const).filter((name) => needed[name])
  if (names.length === 0) {
    return {}
  }
  const scripts = await Promise.all(names.map((name) => scriptAssets(name, source, hasCodeCache)))
  return Object.assign({ [PRIMING_SETTINGS_ASSET]: Buffer.from(JSON.stringify(settings)) }, ...scripts)
}

async function scriptAssets(
  name: typeof PRIME | typeof CONNECT,
  { runtime, base, taskRoot, folder }: AssetSource,
  hasCodeCache: boolean,
): Promise<Record<string, Buffer>> {
  const { runner, path: node } = base
  const cache =
    runner === undefined || !hasCodeCache
      ? undefined
      : await makeOwnCodeCache(name, { bundle: runtime, node, runner, taskRoot, folder })
  return {
    [scriptAsset(name)]: runtime[name],
    ...(cache && { [codeCacheAsset(name)]: cache }),
  }
}

/** Rejects with a {@link NothingToRehearseError}. */
async function rehearsalOf(
  { init }: ProgramSource,
  run: FunctionRun | undefined,
): Promise<Pick<PrimingSettings, 'rehearsal'>> {
  if (!init.isRehearsed || run?.isCutShort) {
    return {}
  }
  if (init.events.length === 0) {
    throw new NothingToRehearseError(
      'a rehearsal calls the handler with sample events, and there are none; give one with --event',
    )
  }
  const events = await Promise.all(init.events.map(readJson))
  return { rehearsal: { events, stubs: init.stub?.stubs ?? [] } }
}
