/** Of a project whose packages are not installed at all, as after a fresh checkout: each import of each file would be an error. */
import { dirname, join } from 'node:path'
import { shownPath } from '../../shown-path.ts'
import { findPackage, type Manifest, readManifest } from '../package-layout.ts'
import { installCommands } from './package-manager.ts'

/**
 * A sentence, where none of the packages is installed that the nearest package.json with any names, and one of them is `missing`.
 */
export async function describeNothingInstalled(
  entry: string,
  missing: readonly string[],
): Promise<string | undefined> {
  for (let folder = dirname(entry); missing.length > 0; folder = dirname(folder)) {
    const names = namesIn(await readManifest(folder))
    if (names.length > 0) {
      const found = await Promise.all(names.map((name) => findPackage(name, entry)))
      const isNothing = missing.some((name) => names.includes(name)) && found.every((each) => !each)
      return isNothing ? sentence(folder) : undefined
    }
    if (folder === dirname(folder)) {
      break
    }
  }
  return undefined
}

/** lambdabin itself is there, or this would not run. */
function namesIn({ dependencies, devDependencies, optionalDependencies }: Manifest): string[] {
  const all = { ...dependencies, ...devDependencies, ...optionalDependencies }
  return Object.keys(all).filter((name) => name !== 'lambdabin')
}

function sentence(folder: string): string {
  const manifest = shownPath(join(folder, 'package.json'))
  const where = dirname(manifest) === '.' ? '' : ` in ${dirname(manifest)}`
  return `nothing of what ${manifest} names is installed; run ${installCommands(folder).all}${where}`
}
