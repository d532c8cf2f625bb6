/** A program whose function is initialised at build time: its heap is the executable, and scripts are in that. */
import { join } from 'node:path'
import { FUNCTION, PRIMING_SETTINGS_ASSET, sourceMapAsset } from '../../executable/format.ts'
import type { PrimingSettings } from '../../executable/priming-settings.ts'
import { withPlaces } from '../../executable/source-map.ts'
import { planPriming, primeAssets, rehearsalNotes } from '../prime/prime-assets.ts'
import type { ExecutableProgram, ProgramSource } from './executable-program.ts'
import { withHandler } from './handler-check.ts'
import { initAtBuild, refuseForeignTarget } from './init-at-build.ts'
import { type BuiltinWork, withCompiledModules } from './snapshot/compiled-modules.ts'
import { findCalledFunctions } from './warm-up-run.ts'

/** Rejects with an InitAtBuildError. */
export async function makeInitialisedProgram(source: ProgramSource): Promise<ExecutableProgram> {
  const { entry, bundle, runtime, base, init, responder, taskRoot, folder } = source
  refuseForeignTarget(base.arch, base.runner)
  const { code } = bundle.entry
  const sourceMap = Buffer.from(withPlaces(bundle.entry.sourceMap.toString()))
  // That it initialises is for the snapshot to find out.
  let setting = source.name
  const checked = await withHandler(source, async (handler) => {
    setting = handler
    const run = {
      warmUp: runtime.warmUp,
      runtime: runtime.runtime,
      runner: [],
      node: base.path,
      nodeOptions: [],
    }
    const program = {
      chunks: [code] as const,
      events: [],
      responder,
      taskRoot,
      folder: join(folder, 'handler', handler),
    }
    return await findCalledFunctions({ ...run, ...program, handler })
  })
  const plan = await planPriming(source)
  let notesOfRehearsal: string[] = []
  const { main, blob, environment, environmentRead, assets, notes } = await initAtBuild({
    entry,
    runtime: runtime.runtime,
    warmUp: runtime.warmUp,
    code,
    sourceMap,
    // In a snapshot, V8 takes no code cache that was made without it.
    assets: async (run) => {
      notesOfRehearsal = rehearsalNotes(source, run)
      return {
        [sourceMapAsset(FUNCTION)]: sourceMap,
        ...(await primeAssets(
          source,
          plan,
          { ...run, loadedModules: [...checked.use.loadedModules, ...run.loadedModules] },
          { hasCodeCache: false },
        )),
      }
    },
    node: base.path,
    taskRoot,
    handler: setting,
    events: init.events,
    responder,
    primesSdk: plan.primesSdk,
    folder,
  })
  const compiled = await withCompiledModules({
    blob,
    work: workOf(assets),
    ...{ node: base.path, taskRoot, folder: join(folder, 'compiled') },
  })
  return {
    main,
    assets,
    cold: [sourceMap],
    snapshot: {
      blob: compiled.blob,
      launcher: runtime.main,
      environment,
      mayStartWorkers: code.includes('worker_threads'),
    },
    environmentRead,
    handlers: checked.handlers,
    noHandler: checked.noHandler,
    notes: [...notes, ...(compiled.kept === undefined ? [] : [compiled.kept]), ...notesOfRehearsal],
  }
}

/** What an executable with these assets does with Node.js before its first invocation. */
function workOf({
  [PRIMING_SETTINGS_ASSET]: settings,
}: Readonly<Record<string, Buffer>>): readonly BuiltinWork[] {
  const { parts, rehearsal }: PrimingSettings =
    settings === undefined ? { parts: [] } : JSON.parse(settings.toString())
  return rehearsal === undefined ? parts : [...parts, 'rehearsal']
}
