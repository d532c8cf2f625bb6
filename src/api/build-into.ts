/** Builds a package straight into a folder, as infrastructure tools want it that make the zip themselves. */
import { mkdtemp, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { FunctionOptions } from '../compiler/function-options.ts'
import { BOOTSTRAP } from '../compiler/package/own-files.ts'
import { placing } from '../compiler/package/placing.ts'
import {
  isReplaceableIn,
  OccupiedPlaceError,
  ownPlaces,
  pathInside,
} from '../compiler/package/replaceable-folder.ts'
import { withWorkFolder } from '../compiler/work-folder.ts'
import { UsageError } from '../configuration/usage-error.ts'

/**
 * Rejects with a {@link UsageError} where there are several functions, whose files would be mixed, or where the folder has the function's own
 * sources: files of the package would take the place of the project's.
 */
export async function checkInto(functions: readonly FunctionOptions[], into: string): Promise<void> {
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
  const fromInto = first && (await pathInside(into, first.entry))
  if (first !== undefined && fromInto !== undefined) {
    throw new UsageError(
      `--into expects a folder for the package alone, and ${into} has ${fromInto}, which is to be built; name another, such as build/${first.name}`,
    )
  }
}

/**
 * Has `build` write a package into a folder of its own, and puts its files straight into `folder`: `bootstrap`, the executable, and
 * whatever else is in it. What is there of the same names is replaced, once all is built; other files stay. Rejects with an
 * {@link OccupiedPlaceError}, and changes nothing, where a folder of the same name is not a package's. `name` is the function's;
 * undefined for a layer.
 */
export async function buildInto<Built extends { readonly folder: string | undefined }>(
  folder: string,
  name: string | undefined,
  build: (outDir: string) => Promise<Built>,
): Promise<Built> {
  return withWorkFolder(
    folder,
    async (work) => {
      // What is known before anything is built.
      await checkPlaces(folder, name, ownPlaces(name))
      const built = await build(work)
      const made = built.folder as string
      const places = await readdir(made)
      await checkPlaces(folder, name, places)
      const previous = await mkdtemp(join(work, 'previous-'))
      // What tells that this is a package first: if this process is killed, the next build is to know it.
      for (const place of places.sort((left, right) => rank(left, name) - rank(right, name))) {
        const whole = join(folder, place)
        await placing(whole, () => replace(whole, join(made, place), join(previous, place)))
      }
      return { ...built, folder }
    },
    '--into',
  )
}

function rank(place: string, name: string | undefined): number {
  return place === BOOTSTRAP ? 0 : place === name ? 1 : 2
}

/** Puts what is at `made` at `place`; a folder that is in the way moves to `previous`. */
async function replace(place: string, made: string, previous: string): Promise<void> {
  try {
    await rename(made, place)
  } catch (error) {
    if (!IN_THE_WAY.includes((error as NodeJS.ErrnoException).code)) {
      throw error
    }
    await rename(place, previous)
    await rename(made, place)
  }
}

const IN_THE_WAY: readonly (string | undefined)[] = ['ENOTEMPTY', 'EEXIST', 'EISDIR', 'ENOTDIR']

async function checkPlaces(
  folder: string,
  name: string | undefined,
  places: readonly string[],
): Promise<void> {
  for (const place of places) {
    if (!(await isReplaceableIn(folder, place, name))) {
      throw new OccupiedPlaceError(
        `--into puts ${place} into ${folder}, and expected nothing of that name there, or an earlier package’s, which is replaced; the folder ${place} there is none of lambdabin’s: move it away, or name another folder`,
      )
    }
  }
}
