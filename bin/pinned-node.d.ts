// The types of pinned-node.js, which is JavaScript so that an old Node.js can run it; told there in full.

export type Architecture = 'x64' | 'arm64'

export interface PinnedPackage {
  readonly name: string
  /** Of the tarball, as in a lock file. */
  readonly integrity: string
  /** Of the binary in it, in hexadecimal. */
  readonly sha256: string
}

export interface PinnedVersions {
  readonly version: string
  readonly packages: Readonly<Record<Architecture, PinnedPackage>>
}

export declare const pinnedVersions: PinnedVersions
export declare class PinnedNodeError extends Error {}
/** A fetch that is under way: the folder that it is in, and what ends it at once and deletes that. */
export interface PinnedNodeFetch {
  readonly folder: string
  readonly undo: () => void
}

export declare function findPinnedNode(
  architecture: Architecture,
  onFetch?: (message: string) => void,
  onBegin?: (fetch: PinnedNodeFetch) => () => void,
): Promise<string>
export declare function pinnedNodePlace(architecture: Architecture): string
export declare function cacheFolder(): string
