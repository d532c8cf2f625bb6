/** Builds one function: entry to bundle to executable to deployment package. */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Message } from 'esbuild'
import { packagesWithoutAddonFor } from './addon-architectures.ts'
import { prepareBaseNode } from './base-node.ts'
import { bundleFunction, entryInProject } from './bundle-function.ts'
import { bundleRuntime } from './bundle-runtime.ts'
import type { Architecture } from './elf-file.ts'
import { findExternals } from './external-packages.ts'
import { findIncludes } from './included-files.ts'
import { makeExecutable } from './make-executable.ts'
import { assemblePackage, publishPackage } from './package-folder.ts'
import { requirementsOf } from './runtime-requirements.ts'
import { BOOTSTRAP_FILE } from './source-files.ts'
import { runStep, type Step, type StepListener } from './steps.ts'
import { withWorkFolder } from './work-folder.ts'
import { type PackageFile, writeZip } from './write-zip.ts'

export interface FunctionOptions {
  /** Absolute path. */
  readonly entry: string
  readonly name: string
  /** Absolute path; made when it is not there. */
  readonly outDir: string
  readonly arch: Architecture
  /** Another Node.js binary than the pinned one. */
  readonly nodePath?: string | undefined
  /** Files and folders to ship, relative to `includeRoot`. */
  readonly includes: readonly string[]
  /** Absolute path. */
  readonly includeRoot: string
  readonly externals: readonly string[]
  /** Absolute paths of JSON files, each an event that the function is to be prepared for. */
  readonly events: readonly string[]
  readonly minify: boolean
}

export interface BuiltFunction {
  readonly name: string
  readonly entry: string
  readonly arch: Architecture
  readonly nodeVersion: string
  /** Absolute path of the zip. */
  readonly zip: string
  /** Absolute path of the folder with the same content. */
  readonly folder: string
  readonly executableBytes: number
  readonly zipBytes: number
  /** All files of the package together. */
  readonly unpackedBytes: number
  /** SHA-256 of the zip, base64: what AWS Lambda reports as `CodeSha256`. */
  readonly codeSha256: string
  /** The newest release of glibc that the executable asks for. */
  readonly glibc: string | undefined
  /** Names of the Lambda runtimes that it runs on. */
  readonly runtimes: readonly string[]
  /** Names of the entry's exports; undefined for a CommonJS entry. */
  readonly exports: readonly string[] | undefined
  /** esbuild's. */
  readonly warnings: readonly Message[]
  /** Names of the shipped packages that have native addons, but none that runs on `arch`. */
  readonly packagesWithoutAddon: readonly string[]
  readonly steps: readonly Step[]
}

/**
 * Builds one function into `<outDir>/<name>.zip` and `<outDir>/<name>/`. Rejects with a BuildError that says what to do, and leaves
 * what was there before as it was. `onStep` hears of each step as it ends, `onNotice` of what takes long.
 */
export async function buildFunction(
  options: FunctionOptions,
  onStep: StepListener = () => {},
  onNotice: (message: string) => void = () => {},
): Promise<BuiltFunction> {
  const steps: Step[] = []
  const step = <Result>(name: string, work: () => Promise<Result>) =>
    runStep(
      name,
      (done) => {
        steps.push(done)
        onStep(done)
      },
      work,
    )

  return withWorkFolder(options.outDir, async (work) => {
    const parts = join(work, 'parts')
    const packaged = join(work, 'package')
    await mkdir(parts)
    await mkdir(packaged)
    const executable = join(packaged, options.name)

    const [bundle, runtime] = await step('bundle', () =>
      Promise.all([bundleFunction(options.entry, options), bundleRuntime()]),
    )
    const extraFiles = [...(await findIncludes(options)), ...(await findExternals(options))]
    const base = await step('base Node.js', () => prepareBaseNode(options.arch, options.nodePath, onNotice))
    await step('executable', () =>
      makeExecutable(
        {
          launcher: runtime.launcher,
          assets: {
            'runtime.js': runtime.runtime,
            'function.js': bundle.code,
            'function.js.map': bundle.sourceMap,
            'function.json': JSON.stringify({ name: options.name, entry: entryInProject(options.entry) }),
          },
          node: base.path,
          arch: options.arch,
          generator: base.generator,
        },
        executable,
        parts,
      ),
    )
    const zip = join(work, 'package.zip')
    const files = await step('package', async () => {
      await copyFile(BOOTSTRAP_FILE, join(packaged, 'bootstrap'))
      const own: PackageFile[] = ['bootstrap', options.name].map((path) => ({
        path,
        source: join(packaged, path),
        executable: true,
      }))
      const all = await assemblePackage(packaged, own, extraFiles)
      await writeZip(all, zip)
      return all
    })
    const built = {
      name: options.name,
      entry: options.entry,
      arch: options.arch,
      nodeVersion: base.version,
      executableBytes: (await stat(executable)).size,
      ...(await measureZip(zip)),
      unpackedBytes: await totalSize(files),
      ...(await requirementsOf(executable, files, options.arch)),
      exports: bundle.exports,
      warnings: bundle.warnings,
      packagesWithoutAddon: await packagesWithoutAddonFor(options.arch, files),
      steps,
    }
    return { ...built, ...(await publishPackage(packaged, zip, options)) }
  })
}

async function measureZip(zip: string) {
  const bytes = await readFile(zip)
  return { zipBytes: bytes.length, codeSha256: createHash('sha256').update(bytes).digest('base64') }
}

async function totalSize(files: readonly PackageFile[]): Promise<number> {
  const sizes = await Promise.all(files.map(async ({ source }) => (await stat(source)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
