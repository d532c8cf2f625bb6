/** The scripts of an executable, as V8 gets them: a text, and a code cache with it. */

import { isAscii } from 'node:buffer'
import { constants, Script } from 'node:vm'
import { checkFormat, codeCacheAsset, scriptAsset } from './format.ts'

/**
 * What scripts of so many bytes and more end with if they are ASCII: white space, by which a start knows it without reading all of them.
 * V8 has their text where it is mapped from the executable: see `compiler/base-node/constant-strings.ts`.
 */
export const ASCII_MARK = '\n\t\t\n'
export const IN_PLACE_BYTES = 1_031_913

/** What an executable carries, by name; undefined for what it does not. */
export type ReadAsset = (name: string) => Uint8Array | undefined

/** A script of the executable, compiled but not run. */
export interface CompiledScript {
  /** `runtime`, `prime`, `connect`, `function`, or `function-1` and so on. */
  readonly name: string
  readonly script: Script
}

/** `file`: the name that V8 is to know it by. Throws a FormatMismatch. */
export function compileScript(readAsset: ReadAsset, name: string, file: string): Script {
  const bytes = readAsset(scriptAsset(name))
  const text = decode(bytes)
  checkFormat(text, scriptAsset(name))
  const cachedData = readAsset(codeCacheAsset(name)) as NodeJS.ArrayBufferView | undefined
  const script = new Script(text, {
    filename: file,
    cachedData,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  letGo(bytes)
  letGo(cachedData)
  return script
}

/**
 * Has V8 count what was read as memory no longer. Large functions else come near the limit at which it starts to collect all garbage
 * as they load, which with 10 MB of code was a third of a start.
 */
export function letGo(bytes: NodeJS.ArrayBufferView | undefined): void {
  // A small file's bytes may share their buffer with others.
  if (bytes !== undefined && bytes.byteLength === bytes.buffer.byteLength) {
    ;(bytes.buffer as ArrayBuffer).transfer(0)
  }
}

/**
 * Scripts are ASCII, but for regular expressions and the like that cannot be escaped: and Latin-1 is a plain copy, or none. What says
 * that it is ASCII is not read.
 */
export function decode(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) {
    throw new Error('The executable is damaged: it lacks its runtime or its function. Build it again.')
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return buffer.toString(isReadInPlace(buffer) || isAscii(buffer) ? 'latin1' : 'utf8')
}

/** Whether a text has that mark. */
export function isReadInPlace(text: Buffer): boolean {
  return (
    text.length >= IN_PLACE_BYTES && text.toString('latin1', text.length - ASCII_MARK.length) === ASCII_MARK
  )
}
