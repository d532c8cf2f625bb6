/** What an executable has to prime Node.js with before its function is loaded, and to rehearse its handler. */
import { readFile } from 'node:fs/promises'
import {
  codeCacheAsset,
  PRIME,
  PRIMING_SETTINGS_ASSET,
  type PrimingSettings,
  scriptAsset,
} from '../../executable/format.ts'
import { BuildError } from '../build-error.ts'
import { type FunctionRun, makePrimeCodeCache } from '../executable/code-caches.ts'
import type { ProgramSource } from '../executable/executable-program.ts'
import { primedParts } from './primed-parts.ts'

/** A rehearsal has nothing to call the handler with. */
export class NothingToRehearseError extends BuildError {
  override readonly name = 'NothingToRehearseError'
}

/** By asset name; none for a function that uses nothing of what can be primed. `run` is what a run of it has shown. */
export async function primeAssets(
  source: ProgramSource,
  run: FunctionRun | undefined,
  { hasCodeCache = true } = {},
): Promise<Record<string, Buffer>> {
  const { runtime, bundle, base, taskRoot, folder } = source
  const settings: PrimingSettings = { parts: primedParts(bundle, run), ...(await rehearsalOf(source)) }
  if (settings.parts.length === 0 && settings.rehearsal === undefined) {
    return {}
  }
  const { runner, path: node } = base
  const cache =
    runner === undefined || !hasCodeCache
      ? undefined
      : await makePrimeCodeCache({ bundle: runtime, node, runner, taskRoot, folder })
  return {
    [scriptAsset(PRIME)]: runtime.prime,
    [PRIMING_SETTINGS_ASSET]: Buffer.from(JSON.stringify(settings)),
    ...(cache && { [codeCacheAsset(PRIME)]: cache }),
  }
}

/** Rejects with a {@link NothingToRehearseError}. */
async function rehearsalOf({ init }: ProgramSource): Promise<Pick<PrimingSettings, 'rehearsal'>> {
  if (!init.isRehearsed) {
    return {}
  }
  if (init.events.length === 0) {
    throw new NothingToRehearseError(
      'a rehearsal calls the handler with sample events, and there are none; give one with --event',
    )
  }
  const events = await Promise.all(init.events.map(async (file) => JSON.parse(await readFile(file, 'utf8'))))
  return { rehearsal: { events, stubs: init.stub?.stubs ?? [] } }
}
