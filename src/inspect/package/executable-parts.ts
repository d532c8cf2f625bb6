/** Which bytes of an executable are what: of Node.js, of lambdabin's runtime, and of the function. */

import { readSection } from '../../compiler/elf/added-section.ts'
import { type Architecture, type ElfFile, parseElf } from '../../compiler/elf/elf-file.ts'
import { SEGMENT_TYPE } from '../../compiler/elf/program-headers.ts'
import { findCodeCache } from '../../compiler/executable/snapshot-blob.ts'
import { type LibraryNeeds, libraryNeeds } from '../../compiler/package/runtime-requirements.ts'
import { type BuildRecord, RECORD_SECTION } from '../../executable/build-record.ts'
import {
  CONNECT,
  chunkName,
  chunkOfScript,
  codeCacheAsset,
  FUNCTION as FUNCTION_SCRIPT,
  HEADER_BEGIN,
  LAUNCHER,
  PRIME,
  RUNTIME as RUNTIME_SCRIPT,
  scriptAsset,
  scriptOfCodeCache,
  sourceMapAsset,
  THREAD_LAUNCHER_ASSET,
  THREADS,
} from '../../executable/format.ts'
import { type Claim, divideFile, type PartPath } from './file-parts.ts'
import { findFormat, findNodeVersion, formatAt } from './found-versions.ts'
import { NodeImage } from './node-image.ts'
import { type LeftOut, nodeParts } from './node-parts.ts'
import {
  FUNCTION,
  MAIN_SCRIPT,
  NODE,
  OF_FUNCTION,
  OF_NODE,
  OF_RUNTIME,
  RECORD,
  RUNTIME,
} from './part-names.ts'
import { scriptClaims } from './script-parts.ts'
import { readSeaBlob, type SeaBlob, type Span } from './sea-blob.ts'

export interface ExecutableParts {
  /** From the file's first byte to its last. */
  readonly claims: readonly Claim[]
  readonly leftOut: LeftOut
  readonly record: BuildRecord | undefined
  readonly blob: SeaBlob
  readonly arch: Architecture
  readonly needs: LibraryNeeds
  /** Of its scripts. */
  readonly format: number | undefined
  readonly nodeVersion: string | undefined
}

/** Undefined where the file is no executable of lambdabin's. */
export function executableParts(bytes: Buffer, fileName: string): ExecutableParts | undefined {
  const elf = parseElf(bytes, fileName)
  const blob = readSeaBlob(bytes, elf)
  if (blob === undefined || !isOfLambdabin(bytes, blob)) {
    return undefined
  }
  const record = readRecord(bytes, fileName)
  const added = addedSegment(elf, blob)
  const node = nodeParts(bytes, elf, new NodeImage(bytes, elf), added)
  const claims = [
    ...node.claims,
    { ...added, path: [RUNTIME, OF_RUNTIME.container] },
    { start: blob.end, end: added.end, path: [RUNTIME, OF_RUNTIME.readAhead] },
    ...blobClaims(bytes, blob, record),
    ...recordClaims(elf),
  ]
  const divided = divideFile(claims, bytes.length, [NODE, OF_NODE.empty])
  return {
    ...{ claims: divided, leftOut: node.leftOut, record, blob },
    arch: elf.architecture,
    needs: libraryNeeds(bytes, fileName),
    format: findFormat(bytes.subarray(blob.start, blob.end)),
    nodeVersion: record?.node ?? findNodeVersion(bytes),
  }
}

/** What pkg knows the main script by, in earlier versions the launcher, and the build that of a function that it has initialised. */
const OWN_MAIN = /^(\.\.\/\.\.\/(?:main|launcher)|\/var\/runtime\/main)\.js$/

/** Each of them has lambdabin's launcher as its main script; one with a runtime or a function has a header in those. */
function isOfLambdabin(bytes: Buffer, { assets, mainPath }: SeaBlob): boolean {
  const scripts = [RUNTIME_SCRIPT, FUNCTION_SCRIPT].map((name) => assets.get(scriptAsset(name)))
  const hasHeader = scripts.some((span) => span && formatAt(bytes, span.start) !== undefined)
  return hasHeader || (OWN_MAIN.test(mainPath) && assets.has(sourceMapAsset(FUNCTION_SCRIPT)))
}

function readRecord(bytes: Buffer, fileName: string): BuildRecord | undefined {
  const content = readSection(bytes, fileName, RECORD_SECTION)
  try {
    return content && (JSON.parse(content.toString()) as BuildRecord)
  } catch {
    return undefined // Of a version that writes it otherwise.
  }
}

function recordClaims({ sections }: ElfFile): Claim[] {
  return sections
    .filter(({ name }) => name === RECORD_SECTION)
    .map(({ offset, size }) => ({ path: [RECORD], start: offset, end: offset + size }))
}

/** The segment that pkg has added: the blob in a note, and code behind it. */
function addedSegment({ segments }: ElfFile, blob: SeaBlob): Span {
  const segment = segments.find(
    ({ type, offset, fileSize }) =>
      type === SEGMENT_TYPE.load && offset <= blob.start && offset + fileSize >= blob.end,
  )
  return segment === undefined
    ? { start: blob.start, end: blob.end }
    : { start: segment.offset, end: segment.offset + segment.fileSize }
}

function blobClaims(bytes: Buffer, blob: SeaBlob, record: BuildRecord | undefined): Claim[] {
  const assets = [...blob.assets].flatMap(([name, span]) => assetClaims(bytes, name, span, blob, record))
  const main = blob.isSnapshot
    ? snapshotClaims(bytes, blob, record)
    : [{ ...blob.main, path: [RUNTIME, OF_RUNTIME.launcher, MAIN_SCRIPT] }]
  return [...main, ...assets]
}

function assetClaims(
  bytes: Buffer,
  name: string,
  span: Span,
  { assets }: SeaBlob,
  record: BuildRecord | undefined,
): Claim[] {
  const chunk = chunkOfScript(name)
  if (chunk === undefined) {
    return [{ ...span, path: assetPath(name) }]
  }
  const script = bytes.subarray(span.start, span.end)
  const map = assets.get(`${name}.map`)
  const sourceMap = map && bytes.subarray(map.start, map.end)
  return scriptClaims({ script, sourceMap, recorded: recordedBytes(record, chunk), chunk, start: span.start })
}

function assetPath(name: string): PartPath {
  if (name === scriptAsset(RUNTIME_SCRIPT)) {
    return [RUNTIME, OF_RUNTIME.script]
  }
  if (name === codeCacheAsset(RUNTIME_SCRIPT)) {
    return [RUNTIME, OF_RUNTIME.codeCache]
  }
  if (name.startsWith(`${LAUNCHER}.`)) {
    return [RUNTIME, OF_RUNTIME.launcher, name]
  }
  if (name.startsWith(`${PRIME}.`) || name.startsWith(`${CONNECT}.`)) {
    return [RUNTIME, OF_RUNTIME.priming, name]
  }
  if (name === scriptAsset(THREADS) || name === THREAD_LAUNCHER_ASSET) {
    return [RUNTIME, OF_RUNTIME.threads, name]
  }
  const kind = scriptOfCodeCache(name) === undefined ? OF_FUNCTION.sourceMaps : OF_FUNCTION.codeCaches
  return [FUNCTION, kind, name]
}

export function recordedBytes(record: BuildRecord | undefined, chunk: number): Map<string, number> {
  const modules = record?.modules ?? []
  return new Map(
    (record?.chunks?.[chunk] ?? []).flatMap(([index, size]) => {
      const path = modules[index]?.path
      return path === undefined ? [] : [[path, size] as const]
    }),
  )
}

/** With `--init build`, the function's text is somewhere in the heap, in one piece. */
const CHUNK_START = /^[^(]+\((?:async )?function \(exports, require, module, __filename/
const CHUNK_END = '\n})() })'

function snapshotClaims(bytes: Buffer, blob: SeaBlob, record: BuildRecord | undefined): Claim[] {
  const { start, end } = blob.main
  const snapshot = bytes.subarray(start, end)
  const codeCache = findCodeCache(snapshot)
  const claims: Claim[] = [{ start, end, path: [FUNCTION, OF_FUNCTION.heap] }]
  if (codeCache !== undefined) {
    claims.push({ start: start + codeCache.start, end, path: [FUNCTION, OF_FUNCTION.builtinCode] })
  }
  const text = findText(snapshot)
  if (text !== undefined) {
    const map = blob.assets.get(sourceMapAsset(chunkName(0)))
    const sourceMap = map && bytes.subarray(map.start, map.end)
    const script = snapshot.subarray(text.start, text.end)
    claims.push(
      ...scriptClaims({
        ...{ script, sourceMap, recorded: recordedBytes(record, 0) },
        ...{ chunk: 0, start: start + text.start },
      }),
    )
  }
  return claims
}

function findText(snapshot: Buffer): Span | undefined {
  for (let at = snapshot.indexOf(HEADER_BEGIN); at !== -1; at = snapshot.indexOf(HEADER_BEGIN, at + 1)) {
    const isScript = formatAt(snapshot, at) !== undefined
    if (isScript && CHUNK_START.test(snapshot.toString('latin1', at, at + 100))) {
      const end = snapshot.indexOf(CHUNK_END, at)
      return end === -1 ? undefined : { start: at, end: end + CHUNK_END.length }
    }
  }
  return undefined
}
