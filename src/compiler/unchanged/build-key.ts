/**
 * What a package is made of, as one digest: two builds with the same one make the same bytes, so that the second can be left
 * out. It is taken when the function has been bundled, and is of what comes of the sources: whatever leads to another bundle, be it
 * a plugin, a tsconfig.json or a package that is found elsewhere, is another digest.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { BaseNode } from '../base-node/base-node.ts'
import type { BuildInputs } from '../build-inputs.ts'
import { digestOf } from '../cache/build-cache.ts'
import { ownVersion } from '../cache/own-version.ts'
import type { FunctionOptions } from '../function-options.ts'
import type { PackageFile } from '../package/write-zip.ts'
import { findLockFiles } from './lock-files.ts'

/** Rejects when a file cannot be read. */
export async function buildKey(options: FunctionOptions, inputs: BuildInputs): Promise<string> {
  const { bundle, runtime, base, files } = inputs
  const { name, target, init, compression, notices, isForLayer = false } = options
  const lockFiles = await Promise.all(findLockFiles(bundle.project).map((file) => readFile(file)))
  const events = await Promise.all(init.events.map((file) => readFile(file)))
  return digestOf([
    await ownVersion(),
    JSON.stringify([name, target.arch, target.locales ?? null, init.at, compression, notices, isForLayer]),
    JSON.stringify(await describeBase(base)),
    JSON.stringify(inputs.record),
    JSON.stringify([bundle.exports ?? null, bundle.chunks.length, events.length, files.length]),
    ...lockFiles,
    ...events,
    JSON.stringify([
      init.stub?.stubs ?? null,
      init.isRehearsed ?? false,
      init.connect ?? [],
      options.environment,
    ]),
    ...[bundle.entry, ...bundle.chunks].flatMap(({ code, sourceMap }) => [code, sourceMap]),
    ...[runtime.main, runtime.launcher, runtime.runtime, runtime.prime, runtime.connect, runtime.warmUp],
    JSON.stringify(runtime.notes),
    inputs.notices,
    ...(await describeAll(files)),
  ])
}

/** What tells a base Node.js from another. */
export async function describeBase({ path, original, version, generator, runner, notes }: BaseNode) {
  const { size, mtimeMs } = await stat(original)
  return [path, original, size, mtimeMs, version, generator, runner ?? null, notes]
}

/** One after another: a package may have more files than a process may have open. */
async function describeAll(files: readonly PackageFile[]): Promise<string[]> {
  const described: string[] = []
  for (const file of files) {
    described.push(await describeFile(file))
  }
  return described
}

async function describeFile({ path, source, executable }: PackageFile): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(source), hash)
  return JSON.stringify([path, executable, hash.digest('hex')])
}
