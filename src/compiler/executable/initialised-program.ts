/** A program whose function is initialised at build time: its heap is the executable, and scripts are in that. */
import { FUNCTION, sourceMapAsset } from '../../executable/format.ts'
import { type ExecutableProgram, type ProgramSource, warmUpHandler } from './executable-program.ts'
import { initAtBuild, refuseForeignTarget } from './init-at-build.ts'

/** Rejects with an InitAtBuildError. */
export async function makeInitialisedProgram(source: ProgramSource): Promise<ExecutableProgram> {
  const { entry, bundle, runtime, base, init, taskRoot, folder } = source
  refuseForeignTarget(base.arch, base.runner)
  const { code, sourceMap } = bundle.entry
  const { main, environment, environmentRead, notes } = await initAtBuild({
    entry,
    runtime: runtime.runtime,
    warmUp: runtime.warmUp,
    code,
    sourceMap,
    node: base.path,
    taskRoot,
    handler: warmUpHandler(source),
    events: init.events,
    folder,
  })
  return {
    main,
    assets: { [sourceMapAsset(FUNCTION)]: sourceMap },
    cold: [sourceMap],
    snapshot: { environment, mayStartWorkers: code.includes('worker_threads') },
    environmentRead,
    notes,
  }
}
