/** A program of its own: compiles one executable with pkg, as the JSON file that its argument names says. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import process from 'node:process'
import sea from '@yao-pkg/pkg/lib-es5/sea.js'
import type { PkgRequest } from './make-executable.ts'
import { withoutIdleCode } from './snapshot-blob.ts'

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
  if (!request.snapshot.mayStartWorkers) {
    leaveOutIdleCode()
  }
}

await sea.default(request.main, {
  targets: [{ platform: 'linux', arch: request.arch, nodeRange: `node${major}`, output: request.output }],
  nodePath: request.node,
  // Makes this very process the blob's generator where the target's architecture is another one; where it is
  // the same, pkg takes the target itself. Neither way does it fetch a Node.js.
  useLocalNode: true,
  seaConfig,
})

/** pkg offers no place between making the blob and putting it into the executable, which it has postject do. */
function leaveOutIdleCode(): void {
  const postject = createRequire(import.meta.resolve('@yao-pkg/pkg/lib-es5/sea.js'))('postject')
  const { inject } = postject
  postject.inject = (file: string, name: string, blob: Buffer, options: object) =>
    inject(file, name, withoutIdleCode(blob), options)
}
