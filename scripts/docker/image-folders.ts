/** Where things are in the builder's image. */
import { join } from 'node:path'

export const IMAGE = '/lambdabin'

/** Where docker-compose.yml mounts lambdabin's own repository. */
export const OWN_REPOSITORY = join(IMAGE, 'project')

/** A volume, if one is mounted: what is kept from container to container. */
export const CACHE = join(IMAGE, 'cache')

/** lambdabin's packages as they were when the image was made, with their lock file. */
export const IMAGE_PACKAGES = join(IMAGE, 'packages')

/** A link to the packages that the program in the image, and lambdabin's own functions, find. */
export const PACKAGES_LINK = join(IMAGE, 'node_modules')

/** Belongs to whoever builds. Every project's files look for packages in its node_modules last: the root folder's leads here. */
export const LINUX_PACKAGES = join(IMAGE, 'linux-packages')

export const NPM = join(IMAGE, 'node', 'x64', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')

/** What executables are made of, a folder for each architecture. */
export const BASE_NODES = join(IMAGE, 'node')

/** The Node.js that executables for `arch` are made of. */
export function baseNode(arch: string): string {
  return join(BASE_NODES, arch, 'bin', 'node')
}
