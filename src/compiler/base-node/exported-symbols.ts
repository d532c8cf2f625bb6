/**
 * Leaves out of a Node.js binary the names of functions that nobody else may call.
 *
 * A program has no need of the names of its own functions. Node.js exports 38,000 all the same, for native addons, and for these
 * what its headers declare would do: Node-API, V8, libuv, OpenSSL, zlib, and Node.js's own few. The others are ICU's, Node.js's own
 * parts, and those of its libraries that addons have to bring themselves. All are 3.4 MB in front of the file, which the dynamic linker
 * looks names up in before anything else can run or be read ahead: {@link ../elf/dynamic-symbols.ts}.
 */
import { keepSymbols } from '../elf/dynamic-symbols.ts'
import type { ChangedNode } from './changed-node.ts'

const KEPT =
  'this Node.js has the names of its own functions in the front of the executable, which starts slower with nothing of it in memory yet: its symbols are not laid out as in Node.js 22, 24 and 26'

/** What begins so in C is of ICU (with its version at the end), OpenSSL within, other libraries of Node.js, or for debuggers. */
const INTERNAL_IN_C =
  /^(ossl_|ssl3?_|d?tls1?3?_|evp_|bn_|WPACKET_|ares_|ng(http|tcp)\d_|llhttp_|v8dbg_|nodedbg_|ZSTD|HUF_|FSE_|HIST_|POOL_|Brotli|ada_|simd|Absl)|^(?![A-Z]{2})\w+_\d\d$/
/** As the C++ ABI for Itanium writes a name: what it is of (a table, a type, a guard, a local variable), and its namespaces. */
const IN_CPP = /^_Z(?:T[A-Z]|GV|GR)?Z*(?:N[KVRO]*)?/
/** V8's namespaces (a profiler asks for its clock, which no header declares), those of its heap and inspector, and the C++ library's, whose functions the loaded library is to share. */
const PUBLIC_NAMESPACE =
  /^(2v8(?!8internal)|12v8_inspector|5cppgc|10__cxxabiv1|9__gnu_cxx|S[atsiod]|[nd][awl])/
/** What functions of the C++ library are made for that are nobody else's. */
const OF_INTERNALS = /4node|8internal|N6icu_|6icu_\d\d|4absl|7ncrypto|3ada|8simdjson|7simdutf|5nghttp2/
/**
 * Of these namespaces, their functions are public, and classes that headers declare: `node.h`, `node_buffer.h` and `v8-internal.h`, whose
 * functions other headers of V8 call.
 */
const CLASSES: Readonly<Record<string, ReadonlySet<string>>> = {
  '4node': new Set([
    'ArrayBufferAllocator',
    'AsyncResource',
    'Buffer',
    'CallbackScope',
    'CommonEnvironmentSetup',
    'DeleteACHHandle',
    'EmbedderBuiltinCodeCache',
    'EmbedderSnapshotData',
    'InitializationResult',
    'InspectorParentHandle',
    'IsolatePlatformDelegate',
    'ModuleData',
    'MultiIsolatePlatform',
    'StartExecutionCallbackInfoWithModule',
  ]),
  '2v88internal': new Set(['Internals', 'StrongRootAllocatorBase']),
}
const MEMBER = /^(4node|2v88internal)(\d+)/
/** After a function's name: the end of a nested one, or a tag of the C++ library's ABI; and of V8's, what a template is for. */
const NAME_END: Readonly<Record<string, RegExp>> = { '4node': /[EB]/, '2v88internal': /[EI]/ }

/** By these the build knows in a binary what it has changed before. */
const KNOWN: ReadonlySet<string> = new Set([
  '_ZN4absl29SetMutexDeadlockDetectionModeENS_15OnDeadlockCycleE',
  '_ZN7ncrypto6CSPRNGEPvm',
])
const ICU_DATA = /^icudt\d+_dat$/

/** `executable` with that change. Throws an ElfFormatError, naming `fileName`. */
export function hideInternalSymbols(executable: Buffer, fileName: string): ChangedNode {
  const bytes = keepSymbols(executable, fileName, { isKept: isPublic, isAskedFor: isOfCppLibrary })
  return { bytes: bytes ?? executable, kept: bytes === undefined ? KEPT : undefined }
}

/** Whether others may call or use what has that name. */
export function isPublic(name: string): boolean {
  if (KNOWN.has(name) || ICU_DATA.test(name)) {
    return true
  }
  const prefix = IN_CPP.exec(name)?.[0]
  if (prefix === undefined) {
    return !INTERNAL_IN_C.test(name)
  }
  const rest = name.slice(prefix.length)
  return (
    isPublicMember(rest) ||
    (PUBLIC_NAMESPACE.test(rest) && !(isOfCppLibrary(name) && OF_INTERNALS.test(name)))
  )
}

function isPublicMember(rest: string): boolean {
  const [start, namespace = '', length] = MEMBER.exec(rest) ?? []
  if (start === undefined) {
    return false
  }
  const end = start.length + Number(length)
  return (
    NAME_END[namespace]?.test(rest[end] ?? '') ||
    CLASSES[namespace]?.has(rest.slice(start.length, end)) === true
  )
}

/** `operator new` and `delete`, and what is in the namespace `std`: the C++ library looks for it in the program first. */
function isOfCppLibrary(name: string): boolean {
  return /^_Z(?:T[A-Z]|GV)?(?:N[KVRO]*)?(S[atsiod]|[nd][aw])/.test(name)
}
