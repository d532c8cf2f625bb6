/** `inspect` of the API: what is in a deployment package, and what each part of it takes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import { abandonable, onAbandon } from '../compiler/unfinished-work.ts'
import type { ConfigurationChoice } from '../configuration/load-configuration.ts'
import { UsageError } from '../configuration/usage-error.ts'
import { DeploymentPackageError } from '../emulator/code/deployment-package-error.ts'
import { type Inspection, inspectPackage } from '../inspect/package/inspection.ts'
import { asLambdabinError } from './as-lambdabin-error.ts'
import { findPackage } from './find-package.ts'
import type { LambdabinError } from './lambdabin-error.ts'

export interface InspectOptions {
  /** A deployment package, a zip or a folder; or the name of a configured function, which is built. */
  readonly package: string
  /** A configuration, the path of its file, or `false` for none. By default the one that holds in `cwd`. */
  readonly config?: ConfigurationChoice
  /** What relative paths start at. By default the current folder. */
  readonly cwd?: string | undefined
  /** Ends the inspection. */
  readonly signal?: AbortSignal | undefined
}

export type InspectResult =
  | { readonly ok: true; readonly inspection: Inspection }
  | { readonly ok: false; readonly error: LambdabinError }

/** Looks into a package that lambdabin has built. Never rejects; for what is no such package the error's code is `USAGE`. */
export async function inspect(options: InspectOptions): Promise<InspectResult> {
  const { signal } = options
  try {
    signal?.throwIfAborted()
    return { ok: true, inspection: await abandonable(signal, () => inspectOnce(options)) }
  } catch (error) {
    return { ok: false, error: asLambdabinError(error, signal) }
  }
}

async function inspectOnce({ package: given, config, cwd }: InspectOptions): Promise<Inspection> {
  const folder = resolve(cwd ?? process.cwd())
  const { path } = await findPackage(given, { config, folder, command: 'inspect' })
  const workFolder = mkdtempSync(join(tmpdir(), 'lambdabin-'))
  const removeFolder = () => rmSync(workFolder, { recursive: true, force: true, maxRetries: 5 })
  const forget = onAbandon(removeFolder)
  try {
    return (await inspectPackage(path, workFolder)).inspection
  } catch (error) {
    throw error instanceof DeploymentPackageError ? new UsageError(error.message, { cause: error }) : error
  } finally {
    removeFolder()
    forget()
  }
}
