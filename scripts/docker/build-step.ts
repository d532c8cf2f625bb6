/**
 * What the builder's container does. Its words are more options of `lambdabin build`, which builds the functions that the
 * environment names; or a whole command of lambdabin's, `build src/orders.ts`; or one of npm's, `npm install nanoid`.
 *
 * The project is the working directory. If it is lambdabin's own repository, its sources run, from a copy outside of it so
 * that they find the image's packages: those in the project's node_modules, if any, may be for another system.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import process from 'node:process'
import {
  BuildVariableError,
  buildArguments,
  COMMANDS,
  checkVariables,
  functionFiles,
  givenOptions,
} from './build-arguments.ts'
import { runChild } from './child-process.ts'
import {
  becomeUser,
  cacheFolderOf,
  isRoot,
  makeFolderFor,
  type Owner,
  ownerOf,
  userEnvironment,
} from './container-user.ts'
import {
  baseNode,
  CACHE,
  IMAGE,
  IMAGE_PACKAGES,
  LINUX_PACKAGES,
  NPM,
  OWN_REPOSITORY,
  PACKAGES_LINK,
} from './image-folders.ts'
import { npmEnvironment, npmEnvironmentElsewhere } from './npm-settings.ts'
import { installPackages, packagesFolder } from './own-packages.ts'
import { findMissing, installMissing } from './platform-packages.ts'

const FUNCTIONS = 'src/functions'
const DOCKERFILE = 'Dockerfile.amazonlinux'
/** What lambdabin is, in a checkout. */
const SOURCES = [
  ...['bin', 'src', 'page', 'base-node', 'third-party', 'bootstrap'],
  ...['package.json', 'package-lock.json', 'LICENSE'],
]

const project = process.cwd()
const isOwnRepository = project === OWN_REPOSITORY && existsSync(join(project, 'bin', 'lambdabin.js'))

/** The image does not fit the sources. */
class ImageError extends Error {
  override readonly name = 'ImageError'
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof BuildVariableError || error instanceof ImageError) {
    process.stderr.write(`lambdabin: ${error.message}\n`)
    return error instanceof BuildVariableError ? 2 : 1
  }
  throw error
})

async function main(words: readonly string[]): Promise<number> {
  if (isOwnRepository) {
    checkImage()
  }
  // `lambdabin build --docker` names the folder that it writes to: the project may be somebody else's.
  const owner = ownerOf(process.env.LAMBDABIN_OWNED_LIKE || project)
  const cache = cacheFolderOf(owner, CACHE)
  const packages = packagesFolder(isOwnRepository ? project : IMAGE, cache)
  if (isRoot()) {
    linkPackages(packages, owner)
  }
  becomeUser(owner)
  const env = { ...process.env, ...userEnvironment(cache, certificates()) }
  const [first = ''] = words
  if (first === 'npm') {
    return (await runChild(baseNode('x64'), [NPM, ...words.slice(1)], npmEnvironment(env))).status
  }
  const args = COMMANDS.includes(first) ? words : argumentsOfVariables(words)
  const program = isOwnRepository ? copySources(packages) : IMAGE
  noteOtherPackages(packages)
  const status = await installPackages(packages, program, npmEnvironmentElsewhere(env, project))
  if (status !== 0) {
    return status
  }
  if (args[0] === 'build') {
    await addLinuxPackages(args, cache, env)
  }
  return build(program, args, env)
}

function argumentsOfVariables(words: readonly string[]): string[] {
  const ineffective = checkVariables(process.env, project)
  if (ineffective !== undefined) {
    note(ineffective)
  }
  const listFunctions = () => (existsSync(FUNCTIONS) ? functionFiles(FUNCTIONS, readdirSync(FUNCTIONS)) : [])
  return buildArguments(process.env, listFunctions, words)
}

async function build(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { status, said } = await runChild(
    process.execPath,
    ['--', join(program, 'bin', 'lambdabin.js'), ...args],
    env,
  )
  if (status === 1 && said.includes('is not installed') && !process.env.LAMBDABIN_OWNED_LIKE) {
    process.stderr.write(
      'where there is no npm on this computer, the container has one: docker-compose run --rm builder npm install …\n',
    )
  }
  return status
}

/** A file of the project's, or what `lambdabin build --docker` mounts. */
function certificates(): string {
  return process.env.NODE_EXTRA_CA_CERTS || join(project, 'extra-ca-certificates.pem')
}

/** Has `packages` found from the image's folder, and from the root folder what {@link addLinuxPackages} installs. */
function linkPackages(packages: string, owner: Owner): void {
  if (readlinkSync(PACKAGES_LINK) !== packages) {
    rmSync(PACKAGES_LINK)
    symlinkSync(packages, PACKAGES_LINK)
  }
  makeFolderFor(owner, LINUX_PACKAGES)
  if (lstatSync('/node_modules', { throwIfNoEntry: false }) === undefined) {
    symlinkSync(join(LINUX_PACKAGES, 'node_modules'), '/node_modules')
  }
}

/** What the project's packages need on Linux, where the project was installed on another system. */
async function addLinuxPackages(
  args: readonly string[],
  cache: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const { arch, externals, entries } = givenOptions(args)
  const link = join(LINUX_PACKAGES, 'node_modules')
  rmSync(link, { force: true })
  if (!existsSync(LINUX_PACKAGES) || (arch !== 'x64' && arch !== 'arm64')) {
    return // The container was started as another user than root, who could not make it; or the build will refuse.
  }
  const files = entries.map((entry) => resolve(entry)).filter((entry) => existsSync(entry))
  // Without any, the project's configuration tells its functions.
  const missing = findMissing(files.length > 0 ? files : [join(project, 'package.json')], externals, arch)
  if (missing.neededBy.length === 0) {
    return
  }
  const names = new Intl.ListFormat('en').format(missing.neededBy)
  process.stderr.write(`${names} was installed for another system; taking what Linux on ${arch} needs\n`)
  const folder = await installMissing(missing, arch, cache, npmEnvironmentElsewhere(env, project))
  if (folder === undefined) {
    note(
      `npm could not install what ${names} needs on Linux on ${arch}; install the project's packages for it`,
    )
    return
  }
  symlinkSync(folder, link)
}

/** The sources are the project's, and the image is what it was when it was made. */
function checkImage(): void {
  const [image, sources] = [IMAGE, project].map((folder) => readIfThere(join(folder, DOCKERFILE)))
  if (!existsSync(NPM)) {
    throw new ImageError(
      'this image was made by an earlier version of lambdabin; make it anew: docker-compose build',
    )
  }
  if (image !== sources) {
    note(`${DOCKERFILE} is not the one that this image was made with; make it anew with docker-compose build`)
  }
}

function noteOtherPackages(packages: string): void {
  const images = join(IMAGE_PACKAGES, 'node_modules')
  if (packages !== images && existsSync(images)) {
    note(
      'package-lock.json is not the one that this image was made with, so the packages in the cache are used; ' +
        'to have them in the image, make it anew with docker-compose build',
    )
  }
}

function note(text: string): void {
  process.stderr.write(`note: ${text}\n`)
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function copySources(packages: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const name of SOURCES.filter((source) => existsSync(join(project, source)))) {
    cpSync(join(project, name), join(folder, name), { recursive: true })
  }
  symlinkSync(packages, join(folder, 'node_modules'))
  return folder
}
