/** Builds a package straight into a folder, as infrastructure tools want it that make the zip themselves. */
import { readdir, rename, rm } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { FunctionOptions } from '../compiler/function-options.ts'
import { withWorkFolder } from '../compiler/work-folder.ts'
import { UsageError } from '../configuration/usage-error.ts'

/**
 * Throws a {@link UsageError} where there are several functions, whose files would be mixed, or where the folder has the function's own
 * sources: files of the package would take the place of the project's.
 */
export function checkInto(functions: readonly FunctionOptions[], into: string): void {
  const [first, second] = functions
  if (first?.sbom || first?.only === 'zip') {
    throw new UsageError(
      `--into makes no zip, and ${first.sbom ? '--sbom tells of one' : '--only zip wants one'}; leave out one of both`,
    )
  }
  if (first !== undefined && second !== undefined) {
    throw new UsageError(
      `--into takes one function, and ${functions.length} were given; build them one by one, or without --into`,
    )
  }
  const fromInto = first && relative(into, first.entry)
  if (
    first !== undefined &&
    fromInto !== undefined &&
    fromInto !== '..' &&
    !fromInto.startsWith(`..${sep}`)
  ) {
    throw new UsageError(
      `--into expects a folder for the package alone, and ${into} has ${fromInto}, which is to be built; name another, such as build/${first.name}`,
    )
  }
}

/**
 * Has `build` write a package into a folder of its own, and puts its files straight into `folder`: `bootstrap`, the executable, and
 * whatever else is in it. What is there of the same names is replaced, once all is built; other files stay.
 */
export async function buildInto<Built extends { readonly folder: string | undefined }>(
  folder: string,
  build: (outDir: string) => Promise<Built>,
): Promise<Built> {
  return withWorkFolder(
    folder,
    async (work) => {
      const built = await build(work)
      const made = built.folder as string
      for (const name of await readdir(made)) {
        await rm(join(folder, name), { recursive: true, force: true })
        await rename(join(made, name), join(folder, name))
      }
      return { ...built, folder }
    },
    '--into',
  )
}
