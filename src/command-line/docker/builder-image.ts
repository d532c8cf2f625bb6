/** The image that `lambdabin build --docker` builds in: made once of the Dockerfile that lambdabin comes with, and kept. */
import { createHash } from 'node:crypto'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { makeTemporaryFolder } from '../../sandbox/temporary-folder.ts'
import { askEngine, type ContainerEngine, ContainerEngineError, runEngine } from './container-engine.ts'

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url))
const DOCKERFILE = 'Dockerfile.amazonlinux'

/** What the image is made of; the sources in a checkout, the compiled files in an installed package. */
export const IMAGE_CONTEXT: readonly string[] = [
  DOCKERFILE,
  'LICENSE',
  'package.json',
  'package-lock.json',
  'base-node',
  'bin',
  'bootstrap',
  'lib',
  'page',
  'scripts/docker',
  'src',
  'third-party',
]

/** Says which Node.js: the Dockerfile has values for all. */
const NODE_ARGUMENTS = ['NODE_X64_MIRROR', 'NODE_X64_SHA256', 'NODE_ARM64_MIRROR', 'NODE_ARM64_SHA256']

/** The label by which an image tells what it was made of. */
const LABEL = 'lambdabin.context'

export interface ImageSettings {
  /** Names of variables of this process's environment that are build arguments, too. */
  readonly variables: readonly string[]
  /** Certificate authorities of the network's own, in PEM. */
  readonly certificates: string | undefined
  /** For the engine's `build`. */
  readonly options: readonly string[]
}

/** The image's name, once there is one made of what lambdabin is now. Rejects with a {@link ContainerEngineError}. */
export async function builderImage(engine: ContainerEngine, settings: ImageSettings): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'))
  const image = `lambdabin:${version}`
  const files = IMAGE_CONTEXT.filter((name) => existsSync(join(PACKAGE, name)))
  const variables = [...nodeArguments(), ...settings.variables]
  const label = contextHash(files)
  const format = `{{ index .Config.Labels "${LABEL}" }}`
  if (askEngine(engine, ['image', 'inspect', '--format', format, image]) === label) {
    return image
  }
  process.stderr.write(
    `making the image ${image} with ${engine.command}, once: a minute, and what downloading 250 MB takes\n`,
  )
  const context = makeTemporaryFolder('lambdabin-image-')
  try {
    for (const name of files) {
      cpSync(join(PACKAGE, name), join(context, name), { recursive: true })
    }
    if (settings.certificates !== undefined) {
      cpSync(settings.certificates, join(context, 'extra-ca-certificates.pem'))
    }
    const status = await runEngine(engine, [
      ...['build', '--platform', 'linux/amd64', '--file', join(context, DOCKERFILE), '--tag', image],
      ...['--label', `${LABEL}=${label}`, ...settings.options],
      ...variables.flatMap((name) => ['--build-arg', name]),
      context,
    ])
    if (status !== 0) {
      throw new ContainerEngineError(
        `${engine.command} could not make the image ${image} (exit status ${status}), and says above why; mend that and try again`,
      )
    }
    return image
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

/** The image of the official Node.js has a NODE_VERSION of its own, which is no wish: with a checksum it is one. */
function nodeArguments(): string[] {
  return process.env.NODE_X64_SHA256
    ? ['NODE_VERSION', ...NODE_ARGUMENTS].filter((name) => process.env[name])
    : []
}

function contextHash(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const name of nodeArguments()) {
    hash.update(`${name}=${process.env[name]}\n`)
  }
  for (const file of files.flatMap((name) => filesBelow(name)).toSorted()) {
    hash.update(`${file}\n`).update(readFileSync(join(PACKAGE, file)))
  }
  return hash.digest('hex').slice(0, 32)
}

/** Paths from the package's folder. */
function filesBelow(name: string): string[] {
  return statSync(join(PACKAGE, name)).isDirectory()
    ? readdirSync(join(PACKAGE, name)).flatMap((child) => filesBelow(`${name}/${child}`))
    : [name]
}
