/**
 * The mark that some editors, and PowerShell, put in front of a text in UTF-8. Node.js and npm read over it in what they read; it is nothing
 * that anybody sees, so it is read over in all files that people write.
 */
import { readFile } from 'node:fs/promises'

export function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, '')
}

export function bytesWithoutMark<Bytes extends Uint8Array>(bytes: Bytes): Bytes {
  const isMarked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  return isMarked ? (bytes.subarray(3) as Bytes) : bytes
}

/** What a function gets of files with events. */
export function readEvents(files: readonly string[]): Promise<Buffer[]> {
  return Promise.all(files.map(async (file) => bytesWithoutMark(await readFile(file))))
}

/** What a JSON file holds. Rejects as reading it and `JSON.parse` do. */
// biome-ignore lint/suspicious/noExplicitAny: as JSON.parse returns it
export async function readJson(file: string): Promise<any> {
  return JSON.parse(withoutMark(await readFile(file, 'utf8')))
}
