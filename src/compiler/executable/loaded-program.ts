/** A program whose function is initialised on Lambda, in the init phase: the launcher, and scripts with their code caches. */
import { isAscii } from 'node:buffer'
import { ASCII_MARK, IN_PLACE_BYTES, isReadInPlace } from '../../executable/compiled-script.ts'
import {
  chunkName,
  isReadAtStart,
  LAUNCHER,
  RUNTIME,
  scriptAsset,
  sourceMapAsset,
  THREAD_LAUNCHER_ASSET,
  THREADS,
} from '../../executable/format.ts'
import { withPlaces } from '../../executable/source-map.ts'
import { readsConstantsInPlace } from '../base-node/constant-strings.ts'
import type { Chunk } from '../bundle/bundle-chunk.ts'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import { type PrimingPlan, planPriming, primeAssets, rehearsalNotes } from '../prime/prime-assets.ts'
import { type CodeCaches, makeCodeCaches, noCodeCaches } from './code-caches.ts'
import type { ExecutableProgram, ProgramSource } from './executable-program.ts'
import { type HandlerRun, withHandler } from './handler-check.ts'

export async function makeLoadedProgram(given: ProgramSource): Promise<ExecutableProgram> {
  const source = { ...given, bundle: await withMarks(given) }
  const { runtime, bundle } = source
  const plan = await planPriming(source)
  const codeCaches = await codeCachesOf(source, plan)
  const assets = {
    [scriptAsset(LAUNCHER)]: runtime.launcher,
    [scriptAsset(RUNTIME)]: runtime.runtime,
    [scriptAsset(THREADS)]: runtime.threads,
    [THREAD_LAUNCHER_ASSET]: runtime.threadLauncher,
    ...chunkAssets(bundle),
    ...codeCaches.assets,
    ...(await primeAssets(source, plan, codeCaches.run)),
  }
  // Of a script that is read in place, a start takes the code cache.
  const cold = Object.entries(assets).filter(
    ([name, content]) => !isReadAtStart(name) || isReadInPlace(content),
  )
  return {
    main: runtime.main,
    assets,
    cold: cold.map(([, content]) => content),
    environmentRead: [],
    notes: [
      // It is loaded whole, but for a handler that is asked for by no name.
      ...(codeCaches.note === undefined || codeCaches.noHandler !== undefined ? [] : [codeCaches.note]),
      ...rehearsalNotes(source, codeCaches.run),
    ],
    initFailure: codeCaches.initFailure,
    handlers: codeCaches.handlers,
    noHandler: codeCaches.noHandler,
  }
}

function codeCachesOf(
  source: ProgramSource,
  { primesSdk }: PrimingPlan,
): Promise<CodeCaches & HandlerRun> | (CodeCaches & HandlerRun) {
  const { base, bundle, runtime, init, responder, environment, taskRoot, folder } = source
  if (base.runner === undefined) {
    return noCodeCaches(base.arch)
  }
  const { runner } = base
  return withHandler(source, (handler) =>
    makeCodeCaches({
      bundle: runtime,
      chunks: [bundle.entry.code, ...bundle.chunks.map(({ code }) => code)],
      node: base.path,
      runner,
      handler,
      events: init.events,
      environment,
      responder,
      primesSdk,
      taskRoot,
      folder,
    }),
  )
}

function chunkAssets({ entry, chunks }: FunctionBundle): Record<string, Buffer> {
  const assets = [entry, ...chunks].flatMap(({ code, sourceMap }, number) => [
    [scriptAsset(chunkName(number)), code],
    [sourceMapAsset(chunkName(number)), Buffer.from(withPlaces(sourceMap.toString()))],
  ])
  return Object.fromEntries(assets)
}

/** With the mark of ASCII at the end of texts that V8 reads in place. */
async function withMarks({ bundle, base }: ProgramSource): Promise<FunctionBundle> {
  const isLarge = ({ code }: Chunk) => code.length >= IN_PLACE_BYTES && isAscii(code)
  const chunks = [bundle.entry, ...bundle.chunks]
  if (!chunks.some(isLarge) || !(await readsConstantsInPlace(base.path, base.arch))) {
    return bundle
  }
  const marked = (chunk: Chunk) =>
    isLarge(chunk) ? { ...chunk, code: Buffer.concat([chunk.code, Buffer.from(ASCII_MARK)]) } : chunk
  return { ...bundle, entry: marked(bundle.entry), chunks: bundle.chunks.map(marked) }
}
