/**
 * Decides what of Node.js is primed before a function is loaded, so that a function which uses none of it pays nothing.
 *
 * What a function uses is what a run of it in the build has loaded. That is all where the run got through sample events, and nothing
 * of what connects where that run has not; else it is what the bundle names, too: SDKs load what they need of Node.js when it is needed.
 * Nor is it primed what connects where only the AWS SDK could, and nothing has it send: {@link ./sdk-requests.ts}.
 */
import type { Metafile } from 'esbuild'
import { PRIMED_PARTS, type PrimedPart } from '../../executable/priming-settings.ts'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import type { FunctionRun } from '../executable/code-caches.ts'
import { CRYPTO_CALL, FETCH_CALL } from './global-calls.ts'

/** Node.js's own undici, which `fetch` loads. */
const FETCH_MODULE = 'internal/deps/undici/undici'
/** What that loads, and makes no use of for most. */
const LOADED_BY_FETCH = ['crypto', 'http2', 'zlib']
/** Another undici than Node.js's shares the place with it where both keep what they connect with: the first one stays. */
const OTHER_UNDICI = /(^|\/)node_modules\/undici\//
/** What comes with another part. */
const IMPLIED: Partial<Record<PrimedPart, readonly PrimedPart[]>> = {
  https: ['http', 'tls', 'net'],
  http2: ['tls', 'net'],
  http: ['net'],
  tls: ['net'],
}

/** What a function that connects to nothing has no use of, although it may have loaded it; and what has Node.js load what cannot be in a snapshot. */
export const CONNECTING: ReadonlySet<PrimedPart> = new Set(['net', 'tls', 'http', 'https', 'http2', 'fetch'])

/**
 * In the order in which they are to be primed. `run` is undefined where the function could not be run; `mayConnect` is what its
 * sources say.
 */
export function primedParts(
  bundle: FunctionBundle,
  run: FunctionRun | undefined,
  mayConnect: boolean,
): readonly PrimedPart[] {
  const named = new Set(namedModules(bundle.metafile))
  const loaded = new Set(run?.loadedModules)
  for (const module of loaded.has(FETCH_MODULE) ? LOADED_BY_FETCH : []) {
    if (!named.has(module)) {
      loaded.delete(module)
    }
  }
  const used = run?.isWhole ? loaded : new Set([...loaded, ...named])
  const connects = run?.connects || (mayConnect && !run?.isWhole)
  const isUsed = (part: PrimedPart): boolean => {
    if (!connects && CONNECTING.has(part)) {
      return false
    }
    switch (part) {
      case 'fetch':
        return callsFetch(bundle) && (!run?.isWhole || loaded.has(FETCH_MODULE))
      case 'crypto':
        return used.has(part) || (!run?.isWhole && namesInCode(bundle, CRYPTO_CALL))
      // SDKs name them, and most of their clients use none of these.
      case 'dns':
      case 'http2':
      case 'zlib':
        return loaded.has(part)
      default:
        return used.has(part)
    }
  }
  const parts = PRIMED_PARTS.filter(isUsed)
  const implied = new Set(parts.flatMap((part) => IMPLIED[part] ?? []))
  return parts.filter((part) => !implied.has(part))
}

function namedModules({ outputs }: Metafile): string[] {
  return Object.values(outputs).flatMap(({ imports }) =>
    imports.filter(({ external }) => external).map(({ path }) => path.replace(/^node:/, '')),
  )
}

function callsFetch(bundle: FunctionBundle): boolean {
  const { metafile, packages } = bundle
  const hasOther =
    Object.keys(metafile.inputs).some((path) => OTHER_UNDICI.test(path)) ||
    packages.packages.some(({ name }) => name === 'undici')
  return !hasOther && namesInCode(bundle, FETCH_CALL)
}

function namesInCode({ entry, chunks }: FunctionBundle, pattern: RegExp): boolean {
  return [entry, ...chunks].some(({ code }) => pattern.test(code.toString('latin1')))
}
