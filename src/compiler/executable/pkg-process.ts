/**
 * A program of its own: compiles one executable with pkg, as the JSON file that its argument names says.
 *
 * Of pkg, its SEA mode is called by itself, and postject, by which it puts the blob into the executable, is wrapped to
 * change the blob of a snapshot first. pkg has an interface for neither; that postject was called through the wrapper is
 * checked.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import process from 'node:process'
import type sea from '@yao-pkg/pkg/lib-es5/sea.js'
import { PKG_SEA_FILE } from '../third-party.ts'
import type { PkgRequest } from './run-pkg.ts'
import { explainIdleCode, withoutIdleCode } from './snapshot-blob.ts'

const [, , requestFile] = process.argv
if (requestFile === undefined) {
  throw new Error('expected the name of a JSON file as the only argument')
}
const request: PkgRequest = JSON.parse(await readFile(requestFile, 'utf8'))
const [major = ''] = process.versions.node.split('.')

const temporary = tmpdir()

const seaConfig = {
  disableExperimentalSEAWarning: true,
  useSnapshot: request.snapshot !== undefined,
  useCodeCache: false,
  // The blob tells the main script's path as it is given. Relative to the folder that pkg makes in the
  // temporary one, and works in, it is the same in every build.
  main: relative(join(temporary, 'any'), request.main),
  assets: { ...request.assets },
}

if (request.snapshot !== undefined) {
  // Of what makes the snapshot, and runs the function, nothing of this machine's.
  for (const name of Object.keys(process.env)) {
    delete process.env[name]
  }
  Object.assign(process.env, request.snapshot.environment)
}
const checkBlob = request.snapshot?.mayStartWorkers === false ? leaveOutIdleCode() : () => []

const pkg: typeof sea = createRequire(import.meta.url)(PKG_SEA_FILE)
await pkg.default(request.main, {
  targets: [{ platform: 'linux', arch: request.arch, nodeRange: `node${major}`, output: request.output }],
  nodePath: request.node,
  // Makes this very process the blob's generator where the target's architecture is another one; where it is
  // the same, pkg takes the target itself. Neither way does it fetch a Node.js.
  useLocalNode: true,
  seaConfig,
})
await writeFile(request.notes, JSON.stringify(checkBlob()))

/**
 * Has postject given a smaller blob. Returns what to call when pkg is done: it tells what did not go so, in one sentence
 * each.
 */
function leaveOutIdleCode(): () => string[] {
  const postject = createRequire(PKG_SEA_FILE)('postject')
  const { inject } = postject
  let wasChanged: boolean | undefined
  postject.inject = (file: string, name: string, blob: Buffer, options: object) => {
    const smaller = withoutIdleCode(blob)
    wasChanged = smaller !== undefined
    return inject(file, name, smaller ?? blob, options)
  }
  return () =>
    wasChanged ? [] : [explainIdleCode(wasChanged === undefined ? undefined : process.versions.node)]
}
