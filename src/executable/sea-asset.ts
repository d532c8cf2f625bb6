import { getRawAsset } from 'node:sea'

/** What the executable carries, by name; undefined for what it does not. */
export function readAsset(name: string): Uint8Array | undefined {
  try {
    return new Uint8Array(getRawAsset(name) as ArrayBuffer)
  } catch {
    return undefined
  }
}
