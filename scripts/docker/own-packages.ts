/**
 * The packages that lambdabin itself runs with: the image's, if they are those of the lock file that the sources have;
 * else they are installed, once, into the cache.
 */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { runChild } from './child-process.ts'
import { baseNode, IMAGE_PACKAGES, NPM } from './image-folders.ts'

/** What `npm ci` reads; the last are workspaces that the lock file names. */
const MANIFESTS = ['package.json', 'package-lock.json', 'base-node/package.json', 'third-party/package.json']

/** What of them is installed: all but what only this repository's development needs, and what is Node.js itself, which needs a newer glibc. */
const WANTED = ['--omit=dev', '--workspace', 'third-party', '--include-workspace-root']

/** The folder `node_modules` for the sources in `program`: the image's, or where {@link installPackages} is to put it. */
export function packagesFolder(program: string, cache: string): string {
  const [image, sources] = [IMAGE_PACKAGES, program].map((folder) => lockFile(folder))
  if (existsSync(join(IMAGE_PACKAGES, 'node_modules')) && (sources === undefined || image === sources)) {
    return join(IMAGE_PACKAGES, 'node_modules')
  }
  const key = createHash('sha256')
    .update(sources ?? image ?? '')
    .digest('hex')
    .slice(0, 16)
  return join(cache, `packages-${key}`, 'node_modules')
}

function lockFile(folder: string): string | undefined {
  const file = join(folder, 'package-lock.json')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** Puts packages into `folder`, all or none, unless it is there. Resolves to npm's exit status. */
export async function installPackages(
  folder: string,
  program: string,
  env: NodeJS.ProcessEnv,
): Promise<number> {
  if (existsSync(folder)) {
    return 0
  }
  const manifests = existsSync(join(program, 'package-lock.json')) ? program : IMAGE_PACKAGES
  process.stderr.write('installing the packages of lambdabin, once, into the cache\n')
  const place = dirname(folder)
  mkdirSync(dirname(place), { recursive: true })
  const work = mkdtempSync(`${place}-`)
  try {
    for (const name of MANIFESTS) {
      cpSync(join(manifests, name), join(work, name))
    }
    // No package's own script is run.
    const { status } = await runChild(
      baseNode('x64'),
      [NPM, 'ci', ...WANTED, '--ignore-scripts', '--no-audit', '--no-fund'],
      env,
      { cwd: work, isAside: true },
    )
    if (status === 0 && !existsSync(folder)) {
      renameSync(work, place)
    }
    return status
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
