/** Why a program cannot be executed, in the system's words: a sandbox, which runs it through others, would not say it. */

import { access, constants, open } from 'node:fs/promises'

const FIRST_LINE_BYTES = 256

/** Undefined when nothing is in the way. */
export async function whyUnexecutable(path: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await access(path, constants.X_OK)
    const interpreter = await readInterpreter(path)
    await (interpreter && access(interpreter, constants.X_OK))
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/** What the first line of a script names; undefined for another program. */
async function readInterpreter(path: string): Promise<string | undefined> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_LINE_BYTES), 0, FIRST_LINE_BYTES, 0)
    return /^#![ \t]*([^ \t\r\n]+)/.exec(buffer.toString('latin1', 0, bytesRead))?.[1]
  } finally {
    await file.close()
  }
}
