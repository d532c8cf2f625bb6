/** What comes of a change of a Node.js binary, which is made only where what is to be changed is as it is known. */
export interface ChangedNode {
  readonly bytes: Buffer
  /** Why it was left as it was, and what that costs, in one sentence; undefined when it was changed, or nothing of the kind is in it. */
  readonly kept: string | undefined
}
