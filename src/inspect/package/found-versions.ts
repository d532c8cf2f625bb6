/** What the bytes of scripts and of Node.js tell of their versions. */
import { formatOf, HEADER_BEGIN } from '../../executable/format.ts'

/** More than the header of a script, and the place of Node.js's sources, take. */
const ENOUGH = 40

/** The format of the script that begins at `at`; undefined where none does. */
export function formatAt(bytes: Buffer, at: number): number | undefined {
  return formatOf(bytes.toString('latin1', at, at + ENOUGH))
}

/** The format of the first script in `bytes`. */
export function findFormat(bytes: Buffer): number | undefined {
  return findFirst(bytes, HEADER_BEGIN, (at) => formatAt(bytes, at))
}

/** The version of the Node.js in `bytes`, from the address of its sources, which it has for `process.release`. */
export function findNodeVersion(bytes: Buffer): string | undefined {
  return findFirst(bytes, 'node-v', (at) => {
    const [, version] =
      /^node-v(\d+\.\d+\.\d+)\.tar\.gz/.exec(bytes.toString('latin1', at, at + ENOUGH)) ?? []
    return version
  })
}

/** What `read` makes of the first place that begins so and that it makes something of. */
function findFirst<Found>(
  bytes: Buffer,
  begin: string,
  read: (at: number) => Found | undefined,
): Found | undefined {
  for (let at = bytes.indexOf(begin); at !== -1; at = bytes.indexOf(begin, at + 1)) {
    const found = read(at)
    if (found !== undefined) {
      return found
    }
  }
  return undefined
}
