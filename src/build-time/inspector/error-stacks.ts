/**
 * Reads the stacks of all errors that there are, for a startup snapshot by the V8 of Node.js 22: it writes a stack down when it is first read, and cannot write
 * an error into a snapshot before (an exception of C++, `vector::_M_range_insert`). A client of the AWS SDK has one as soon as it is made.
 */

import type { Runtime } from 'node:inspector'
import { openSession } from './session.ts'

/** Later ones can. */
const OLD_V8 = /^12\./

export function readErrorStacks(): void {
  if (!OLD_V8.test(process.versions.v8)) {
    return
  }
  const session = openSession()
  const prototype = session.post('Runtime.evaluate', { expression: 'Error.prototype' })
  const { objectId: prototypeObjectId } = (prototype as Runtime.EvaluateReturnType).result
  const found = session.post('Runtime.queryObjects', { prototypeObjectId })
  const { objectId } = (found as Runtime.QueryObjectsReturnType).objects
  session.post('Runtime.callFunctionOn', { objectId, functionDeclaration: READ_EACH })
  session.disconnect()
}

/** Called with a list of them as `this`. A stack may be made by a function of somebody's that throws. */
const READ_EACH = `function () {
  for (const error of this) {
    try { void error.stack } catch {}
  }
}`
