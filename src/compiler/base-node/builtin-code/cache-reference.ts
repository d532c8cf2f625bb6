/** What a Node.js binary's machine code says of a code cache. */

/** What says where a cache is. */
export interface CacheReference {
  /** Has it say something else. Returns false, and changes nothing, where its instructions cannot say that. */
  move(bytes: Buffer, address: number, length: number): boolean
}

/** By address in memory: the length that is to be found beside each. */
export type CacheLengths = ReadonlyMap<number, number>

export type FoundReferences = ReadonlyMap<number, CacheReference>
