/**
 * What the builder's container does: `lambdabin build`, of the functions that its environment names.
 *
 * The project is mounted, and with it lambdabin's own sources. They run from a copy outside of it, so that they find
 * the image's packages: those in the project's node_modules, if any, may be for another system.
 */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { buildArguments, functionFiles } from './build-arguments.ts'

const IMAGE = '/lambdabin'
const PROJECT = '/lambdabin/project'
const FUNCTIONS = 'src/functions'
/** What lambdabin is, in a checkout. */
const SOURCES = ['bin', 'src', 'base-node', 'bootstrap', 'package.json', 'LICENSE']

becomeOwnerOf(PROJECT)
noteOldPackages()
process.chdir(PROJECT)
process.argv.splice(
  2,
  Infinity,
  ...buildArguments(
    process.env,
    () => (existsSync(FUNCTIONS) ? functionFiles(FUNCTIONS, readdirSync(FUNCTIONS)) : []),
    process.argv.slice(2),
    (arch) => join(IMAGE, 'node', arch, 'bin', 'node'),
  ),
)
await import(pathToFileURL(join(copySources(), 'bin', 'lambdabin.js')).href)

/** Has what is built belong to whoever owns the project on the host, and not to root. */
function becomeOwnerOf(folder: string): void {
  const { uid, gid } = statSync(folder)
  if (process.getuid?.() === 0 && uid !== 0) {
    nameUser(uid, gid)
    process.setgroups?.([])
    process.setgid?.(gid)
    process.setuid?.(uid)
  }
  // Nobody that the image knows: without a home, nor a cache folder in one.
  process.env.HOME = tmpdir()
  process.env.XDG_CACHE_HOME = join(tmpdir(), `lambdabin-${uid}`)
}

/** Programs ask the system for their user's name and home, and fail where it has no such user. */
function nameUser(uid: number, gid: number): void {
  const isKnown = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .some((line) => line.split(':')[2] === String(uid))
  if (!isKnown) {
    appendFileSync('/etc/passwd', `lambdabin:x:${uid}:${gid}::${tmpdir()}:/bin/sh\n`)
  }
}

function copySources(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lambdabin-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  for (const name of SOURCES) {
    cpSync(join(PROJECT, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(IMAGE, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

function noteOldPackages(): void {
  const [image, project] = [IMAGE, PROJECT].map((folder) => readFileSync(join(folder, 'package-lock.json')))
  if (image && project && !image.equals(project)) {
    process.stderr.write(
      'note: package-lock.json is not the one that this image was made with; make it anew with docker-compose build\n',
    )
  }
}
