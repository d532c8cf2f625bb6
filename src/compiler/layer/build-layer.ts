/**
 * Builds a runtime layer: a zip of what is unpacked to `/opt`, `bootstrap` and an executable without a function. It runs functions
 * that are built with `isForLayer`: `../../executable/format.ts` tells where it finds them.
 */
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  ECHO_FUNCTION,
  isOfRuntime,
  LAUNCHER,
  LAYER_RUNTIME,
  RUNTIME,
  scriptAsset,
  THREAD_LAUNCHER_ASSET,
  THREADS,
} from '../../executable/format.ts'
import { type BaseNode, prepareBaseNode, type TargetOptions } from '../base-node/base-node.ts'
import { bundleRuntime, type RuntimeBundle } from '../bundle/bundle-runtime.ts'
import { digestOf } from '../cache/build-cache.ts'
import { ownVersion } from '../cache/own-version.ts'
import type { Compression } from '../deflate/deflate-file.ts'
import { makeCodeCaches, noCodeCaches } from '../executable/code-caches.ts'
import { makeExecutable } from '../executable/make-executable.ts'
import { explainSelfTest } from '../executable/self-test.ts'
import { writeExecutable } from '../executable/write-executable.ts'
import { renderNotices } from '../notices/third-party-notices.ts'
import { NOTICES_FILE } from '../package/own-files.ts'
import { findPackageFacts, type PackageFacts } from '../package/package-facts.ts'
import { PackageFolder, type PackageForm, packagePlace, thereOf } from '../package/package-folder.ts'
import { checkReplaceable } from '../package/replaceable-folder.ts'
import { type LibraryNeeds, libraryNeeds } from '../package/runtime-requirements.ts'
import { writeZip } from '../package/write-zip.ts'
import { withReadAhead } from '../read-ahead/read-ahead.ts'
import { BuildSteps, type Progress, type Step } from '../steps.ts'
import { describeBase } from '../unchanged/build-key.ts'
import { BuiltPackage, describeFiles } from '../unchanged/built-package.ts'
import { withWorkFolder } from '../work-folder.ts'

export interface LayerOptions {
  readonly name: string
  /** Absolute path; made when it is not there. */
  readonly outDir: string
  readonly target: TargetOptions
  readonly compression: Compression
  /** What is written; undefined for both. */
  readonly only?: PackageForm | undefined
  /** Whether it is built although nothing has changed. */
  readonly isForced: boolean
}

export interface BuiltLayer extends PackageFacts {
  readonly name: string
  readonly arch: 'x64' | 'arm64'
  readonly nodeVersion: string
  /** The locales that were asked for; undefined when there are all. */
  readonly locales: readonly string[] | undefined
  /** Absolute path of the zip; undefined where only the folder was wanted. */
  readonly zip: string | undefined
  /** Absolute path of the folder with the same content. */
  readonly folder: string
  /** Whether what was there had been made of the same, and was left as it was. */
  readonly isUnchanged: boolean
  /** What makes its functions start slower than they might, a sentence each. */
  readonly notes: readonly string[]
  readonly steps: readonly Step[]
}

/**
 * Builds it into `<outDir>/<name>.zip` and `<outDir>/<name>/`, unless what is there was made of the same. Rejects with a BuildError.
 */
export async function buildLayer(options: LayerOptions, progress: Progress = {}): Promise<BuiltLayer> {
  const { name, outDir, target, compression, only } = options
  const steps = new BuildSteps(progress)
  return withWorkFolder(outDir, async (work) => {
    const place = packagePlace(outDir, name, only)
    await checkReplaceable(place.folder, { content: 'layer' })
    const runtime = await steps.run('bundle', bundleRuntime)
    const base = await steps.run('base Node.js', () =>
      prepareBaseNode(target.arch, target.nodePath, (message) => steps.notice(message), target.locales),
    )
    const builtPackage = new BuiltPackage<BuiltLayer>(place)
    const key = await layerKey(options, runtime, base)
    const unchanged = options.isForced ? undefined : await builtPackage.find(key)
    if (unchanged !== undefined) {
      return { ...unchanged, isUnchanged: true, steps: steps.done }
    }
    const notices = join(dirname(LAYER_RUNTIME), NOTICES_FILE)
    const draft = await PackageFolder.create(join(work, 'layer'), LAYER_RUNTIME, notices)
    await mkdir(dirname(draft.executable))
    const { notes, needs } = await makeRuntime(draft, runtime, base, steps, work)
    const zip = only === 'folder' ? undefined : join(work, 'layer.zip')
    await steps.run('package', async () => {
      await draft.complete(await renderNotices({ bundle: undefined, base }))
      if (zip !== undefined) {
        await writeZip(draft.files, zip, compression)
      }
    })
    const { arch, version: nodeVersion } = base
    const built = {
      ...{ name, arch, nodeVersion, locales: target.locales },
      ...(await findPackageFacts(draft, needs, zip, arch)),
      ...{ zip: thereOf(place).zip, folder: place.folder, isUnchanged: false, notes },
      steps: steps.done,
    }
    const written = await describeFiles({ zip, folder: draft.folder })
    await draft.publish(zip, place, { content: 'layer' })
    // What made notes may go another time.
    if (notes.length === 0) {
      await builtPackage.keep(key, written, built)
    }
    return built
  })
}

/** Two layers with the same one are of the same bytes. */
async function layerKey(
  { target, compression }: LayerOptions,
  runtime: RuntimeBundle,
  base: BaseNode,
): Promise<string> {
  const { main, launcher, runtime: text, threads, threadLauncher, notes } = runtime
  return digestOf([
    await ownVersion(),
    JSON.stringify([target.arch, target.locales ?? null, compression, await describeBase(base), notes]),
    ...[main, launcher, text, threads, threadLauncher],
  ])
}

interface MadeRuntime {
  /** What makes it start slower than it might, in one sentence each. */
  readonly notes: readonly string[]
  readonly needs: LibraryNeeds
}

async function makeRuntime(
  { executable, folder }: PackageFolder,
  runtime: RuntimeBundle,
  base: BaseNode,
  steps: BuildSteps,
  work: string,
): Promise<MadeRuntime> {
  const caches = await steps.run('code cache', async () => runtimeCache(runtime, base, folder, work))
  const own = Object.entries(caches.assets).filter(([asset]) => isOfRuntime(asset))
  const assets = {
    [scriptAsset(LAUNCHER)]: runtime.launcher,
    [scriptAsset(RUNTIME)]: runtime.runtime,
    [scriptAsset(THREADS)]: runtime.threads,
    [THREAD_LAUNCHER_ASSET]: runtime.threadLauncher,
    ...Object.fromEntries(own),
  }
  const made = await steps.run('executable', () =>
    makeExecutable({ main: runtime.main, assets }, base, join(work, 'parts')),
  )
  const source = { base, runtime, kind: ['small', 'connecting'] } as const
  const variants = await steps.run('read-ahead', () =>
    withReadAhead(made.bytes, executable, source, [runtime.threads], join(work, 'reference')),
  )
  const { bytes, selfTest, note } = await steps.run('self-test', () =>
    writeExecutable(executable, variants, base.runner, undefined),
  )
  const notes = [
    ...base.notes,
    ...runtime.notes,
    ...made.notes,
    ...(selfTest ? explainSelfTest(selfTest, Object.fromEntries(own)) : []),
    ...(caches.note === undefined ? [] : [caches.note]),
    note,
  ].filter((each) => each !== undefined)
  return { notes, needs: libraryNeeds(bytes, executable) }
}

function runtimeCache(bundle: RuntimeBundle, base: BaseNode, taskRoot: string, work: string) {
  if (base.runner === undefined) {
    return noCodeCaches(base.arch)
  }
  return makeCodeCaches({
    bundle,
    chunks: [Buffer.from(ECHO_FUNCTION)],
    node: base.path,
    runner: base.runner,
    handler: 'echo',
    events: [],
    taskRoot,
    folder: join(work, 'code-cache'),
  })
}
