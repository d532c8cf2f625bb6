/**
 * Where lambdabin's own files are: beside this one as sources in a checkout, compiled in an installed
 * package.
 */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const ending = extname(import.meta.url)

/**
 * The condition by which `import … from 'lambdabin'` finds the sources in a checkout, where nothing is compiled; see `exports` in
 * package.json.
 */
export const OWN_CONDITIONS = ending === '.ts' ? ['lambdabin-source'] : []

/** What runs first in an executable: it evaluates the launcher, and that the runtime and the function. */
export const MAIN_ENTRY = fileURLToPath(new URL(`../executable/main${ending}`, import.meta.url))
export const LAUNCHER_ENTRY = fileURLToPath(new URL(`../executable/launcher${ending}`, import.meta.url))
export const RUNTIME_ENTRY = fileURLToPath(new URL(`../runtime/main${ending}`, import.meta.url))
export const PRIME_ENTRY = fileURLToPath(new URL(`../runtime/prime/prime${ending}`, import.meta.url))
export const CONNECT_ENTRY = fileURLToPath(
  new URL(`../runtime/early-connections/connect${ending}`, import.meta.url),
)
/** What handles several invocations at once, and the text of its threads; see `executable/threads.ts`. */
export const THREADS_ENTRY = fileURLToPath(new URL(`../runtime/threads/threads${ending}`, import.meta.url))
export const THREAD_LAUNCHER_ENTRY = fileURLToPath(
  new URL(`../executable/thread-launcher${ending}`, import.meta.url),
)
/** What takes the place of undici's requests and connections; see {@link ./bundle/runtime/lean-undici.ts}. */
export const UNDICI_CONNECTION_FILE = fileURLToPath(
  new URL(`../runtime/connection/undici-connection${ending}`, import.meta.url),
)
/** What takes the place of `node:events` for undici; see {@link ./bundle/runtime/lean-undici.ts}. */
export const EMITTER_FILE = fileURLToPath(new URL(`../runtime/connection/emitter${ending}`, import.meta.url))
/** What makes the code caches; see {@link ./executable/warm-up-run.ts}. */
export const WARM_UP_ENTRY = fileURLToPath(new URL(`../build-time/warm-up${ending}`, import.meta.url))
/** What makes code caches of Node.js's own modules; see {@link ./base-node/builtin-code/run-workload.ts}. */
export const BUILTIN_CODE_ENTRY = fileURLToPath(
  new URL(`../build-time/builtin-code${ending}`, import.meta.url),
)
/** The main script of an executable whose function is initialised at build time; see {@link ./executable/init-at-build.ts}. */
export const SNAPSHOT_BUILDER_ENTRY = fileURLToPath(
  new URL(`../build-time/snapshot-builder${ending}`, import.meta.url),
)
/** What leads a function's requests to its stubs when it is run on this machine; see {@link ./local-run/stubbed-network.ts}. */
export const STUBBED_NETWORK_ENTRY = fileURLToPath(
  new URL(`../build-time/stubbed-network${ending}`, import.meta.url),
)
/** Starts a program from files; see {@link ./unpacked-function.ts}. */
export const FILE_LAUNCHER_ENTRY = fileURLToPath(
  new URL(`../executable/file-launcher${ending}`, import.meta.url),
)
/** lambdabin's own, with its package.json and LICENSE. */
export const OWN_FOLDER = fileURLToPath(new URL('../../', import.meta.url))
export const BOOTSTRAP_FILE = fileURLToPath(new URL('../../bootstrap', import.meta.url))
/** The program that {@link ./executable/run-pkg.ts} runs. */
export const PKG_PROCESS_FILE = fileURLToPath(new URL(`./executable/pkg-process${ending}`, import.meta.url))
/** The thread that {@link ./deflate/libdeflate.ts} starts. */
export const LIBDEFLATE_WORKER_FILE = fileURLToPath(
  new URL(`./deflate/libdeflate-worker${ending}`, import.meta.url),
)
