/**
 * Reading many files. All at once they are all open before the first is read, and a system may let a process have no more than 1,024 open,
 * or 256: lambdabin itself has more files, and so do functions. Some at a time are read, in all of a process.
 */
import { readFile } from 'node:fs/promises'

const MOST_AT_ONCE = 32

let reading = 0
const waiting: (() => void)[] = []

/** Rejects as `readFile` does. */
export async function readBytes(file: string): Promise<Buffer> {
  if (reading < MOST_AT_ONCE) {
    reading += 1
  } else {
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  try {
    return await readFile(file)
  } finally {
    const next = waiting.shift()
    if (next === undefined) {
      reading -= 1
    } else {
      next()
    }
  }
}

/** Rejects as `readFile` does. */
export async function readText(file: string): Promise<string> {
  return (await readBytes(file)).toString()
}
