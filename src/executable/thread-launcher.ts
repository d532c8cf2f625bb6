/** The text of a thread that handles invocations: starts the program in it that the executable carries as assets. */

import { dirname } from 'node:path'
import { workerData } from 'node:worker_threads'
import { carriedProgram } from './layered-function.ts'
import { Preloads } from './preloads.ts'
import { startProgram } from './program-loader.ts'

const requireBuiltin = require
// Node.js has the names of a CommonJS module be globals in such a text. No function expects them there.
for (const name of ['require', 'module', 'exports', '__filename', '__dirname']) {
  Reflect.deleteProperty(globalThis, name)
}
const taskRoot = process.env.LAMBDA_TASK_ROOT || dirname(process.execPath)
startProgram({
  ...carriedProgram(taskRoot),
  taskRoot,
  requireBuiltin,
  preloads: Preloads.in(process.env.NODE_OPTIONS),
  thread: workerData,
})
