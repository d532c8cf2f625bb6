/** The options of a build, but for those of esbuild: see {@link ./option.ts}. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { withoutMark } from '../compiler/text/byte-order-mark.ts'
import { readStubFile, StubFileError } from '../stubs/stub-file.ts'
import type { StubbedRequest } from '../stubs/stubbed-requests.ts'
import { budgetOption } from './budget-option.ts'
import { type Option, OptionError } from './option.ts'
import { choice, flag, list, path, paths, readableFile, refuse, text, wholeNumber } from './option-kinds.ts'

/** Those that each function may have otherwise. */
export const FUNCTION_OPTIONS = {
  /** The function's name, that of its executable and its zip. By default the name of the entry's file without its ending, or of its folder where that is `index`. */
  name: text({
    expects: 'a name',
    placeholder: 'NAME',
    help: "the function's name (default: that of the entry's file, or of its folder for an index.ts); for one entry only",
  }),
  /** The architecture that the function runs on. By default `x64`. */
  arch: choice(['x64', 'arm64'], {
    expects: 'x64 or arm64, the architectures of AWS Lambda',
    help: 'what the function runs on (default: x64)',
  }),
  /** A Node.js binary for Linux to make the executable of, in place of the pinned one. */
  node: readableFile({
    expects: 'a Node.js binary',
    placeholder: 'PATH',
    help: 'a Node.js binary for Linux, version 22 or later, to make the executable of (default: the pinned one)',
  }),
  /** Files and folders to ship beside the executable, relative to the configuration's folder, which stands for the package's root. */
  include: includes(),
  /** Whether `include` follows links that lead out of that folder. By default `false`. */
  followLinks: flag({ help: 'let --include follow links that lead out of the current folder' }),
  /** Names of packages to leave out of the bundle, and to ship as they are where they are installed. */
  external: list(
    {
      expects: 'names of packages',
      placeholder: 'PACKAGE',
      help: 'leave a package out of the bundle, and ship it as it is where it is installed; may be repeated',
    },
    readPackage,
  ),
  /** Names of packages to bundle that would be shipped as they are. */
  bundle: list(
    {
      expects: 'names of packages',
      placeholder: 'PACKAGE',
      help: 'bundle a package that would be shipped as it is; may be repeated',
    },
    readPackage,
  ),
  /** JSON files, each with an event that the function will get, to prepare for. */
  event: paths(
    {
      expects: 'a file with an event',
      placeholder: 'FILE',
      help: 'a JSON file with an event that the function will get, to prepare for; may be repeated',
    },
    readEvent,
  ),
  /** A YAML or JSON file that says how the function's requests to others are answered while it is prepared for its events. */
  stub: stubFile('a YAML or JSON file that answers the requests that the function makes for these events'),
  /** Whether the handler is called with these events in the init phase, too, with the stubs in the place of others. By default `false`. */
  rehearse: flag({
    help: 'call the handler with these events in the init phase, too, with the stubs in the place of others',
  }),
  /**
   * Hosts that the function calls, to connect to in the init phase: `dynamodb.{region}.amazonaws.com`, with `:8443` for another port than 443.
   * `found` stands for those that it calls in the build, with its events and stubs.
   */
  connect: list(
    {
      expects: 'hosts, as in dynamodb.{region}.amazonaws.com or api.example.com:8443, or found',
      placeholder: 'HOST',
      help: 'connect to a host in the init phase, for the first HTTPS request to it; {region} is filled in on Lambda; found: to those that it calls in the build, with --event and --stub; may be repeated',
    },
    readHost,
  ),
  /** Where the function's module is initialised: on `lambda`, in the init phase, or during the `build`; then its heap is in the executable. */
  init: choice(['lambda', 'build'], {
    expects: "build, to initialise the function's module at build time, or lambda, as without the option",
    placeholder: 'build',
    help: "initialise the function's module now instead of on Lambda; its heap is in the executable",
  }),
  /** The locales that `Intl` knows besides `en-US`. By default all. */
  intl: locales(),
  /** How the zip is compressed: `small` takes twice as long the first time. By default `fast`. */
  zip: choice(['fast', 'small'], {
    expects: 'fast, or small for a zip that is 0.1 MB smaller, and takes some seconds more the first time',
    help: 'small: look for more, in the function and what is included, too; 0.1 MB smaller (default: fast)',
  }),
  /** Whether the package has the function alone, for the runtime in a layer: see `lambdabin layer`. By default `false`. */
  forLayer: flag({
    help: 'package the function alone, for the runtime in a layer that lambdabin layer makes',
  }),
  /** Which of the two forms of a package is written. By default both. */
  only: choice(['zip', 'folder'], {
    help: 'write the zip, or the folder, and not the other one (default: both)',
  }),
  /** Whether the bundle is without needless whitespace and syntax. By default `true`. */
  minify: flag({ isOn: true, help: 'leave the bundle readable' }),
  /** Whether a function that does not initialise in the build is an error. By default it is a warning. */
  strict: flag({
    help: 'a function that does not initialise in the build is an error, and nothing is written',
  }),
  /** Whether the licences of what the package redistributes are in it. By default `true`. */
  notices: flag({
    isOn: true,
    help: 'leave out THIRD-PARTY-NOTICES, the licences of what the package redistributes',
  }),
  /** What the package may take: `{ zip: '40MB', unpacked: '200MB', text: '2MB', init: '200ms' }`. What is over it fails the build. */
  budget: budgetOption(
    'fail when the package is larger, or starts slower, with what has grown since the last build that passed',
  ),
  /** Whether a software bill of materials, CycloneDX 1.6, is written beside the zip. By default `false`. */
  sbom: flag({ help: 'write what the package is made of beside the zip, <name>.cdx.json: CycloneDX 1.6' }),
} as const

/** Those of a build as a whole. */
export const BUILD_OPTIONS = {
  /** Where the packages are written. By default `dist`. */
  outDir: path({
    expects: 'a folder',
    placeholder: 'FOLDER',
    help: 'where to write (default: dist)',
  }),
  /** A folder for one function's package as it is unpacked, without a zip, in place of `outDir`. */
  into: path({
    expects: 'a folder',
    placeholder: 'FOLDER',
    help: 'write bootstrap, the executable and what goes with it straight into this folder, and no zip; for one function',
  }),
  /** A file to write what came of the budgets to, as Markdown: for a pull request. */
  budgetSummary: path({
    expects: 'the path of a file',
    placeholder: 'FILE',
    help: 'write what came of the budgets to a file, as Markdown, for a pull request',
  }),
  /** How many functions are built at once. By default as many as there are processors, and memory for. */
  jobs: wholeNumber(1, 1024, {
    help: 'how many functions to build at once (default: as many as there are processors, and memory for)',
  }),
  /** Whether functions are built although nothing has changed since they were built. By default `false`. */
  force: flag({ help: 'build what has not changed since it was built, too' }),
} as const

export interface StubFile {
  /** Its absolute path. */
  readonly file: string
  readonly stubs: readonly StubbedRequest[]
}

export function stubFile(help: string): Option<string, StubFile> {
  const file = path({ expects: 'a file of stubs', placeholder: 'FILE', help })
  return {
    ...file,
    read: (written, folder) => {
      const place = file.read(written, folder)
      return { file: place, stubs: readExplained('a file of stubs', () => readStubFile(place)) }
    },
  }
}

/** Reads stubs; what is wrong with them is an OptionError. */
export function readExplained(
  expects: string,
  read: () => readonly StubbedRequest[],
): readonly StubbedRequest[] {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof StubFileError)) {
      throw error
    }
    throw new OptionError(`expects ${expects}, and ${error.message}`, { cause: error })
  }
}

export interface Includes {
  readonly paths: readonly string[]
  /** Absolute: the folder that the package's root stands for. */
  readonly root: string
}

function includes(): Option<string | readonly string[], Includes> {
  const files = paths(
    {
      expects: 'files and folders',
      placeholder: 'PATH',
      help: 'ship a file or folder of the current folder, too; may be repeated',
    },
    (path) => path,
  )
  return { ...files, read: (written, folder) => ({ paths: files.read(written, folder), root: folder }) }
}

/** Locales as in BCP 47, or with `_` instead of `-`, each once. Whether there are such the base Node.js tells. */
function locales(): Option<string | readonly string[], readonly string[]> {
  const all = list({
    expects: 'locales, as in en,pt-BR,zh-Hant',
    placeholder: 'LOCALE,…',
    help: 'have Intl know these locales and en-US only, which makes the package up to 9 MB smaller (default: all)',
  })
  return {
    ...all,
    read: (written, folder) => {
      const given = all.read(written, folder).flatMap((words) => words.split(','))
      return [...new Set(given.map((locale) => readLocale(locale.trim())))]
    },
  }
}

function readLocale(locale: string): string {
  if (!/^[a-z]{2,8}([-_][a-z0-9]{1,8})*$/i.test(locale)) {
    throw new OptionError(
      `expects locales, as in --intl en,pt-BR,zh-Hant, and got ${JSON.stringify(locale)}; name some, or leave it out to have all`,
    )
  }
  return locale.replaceAll('_', '-')
}

/** What else can be none is told when it is looked for. */
function readPackage(name: string): string {
  return name === '' ? refuse({ expects: 'names of packages', remedy: 'name one' }, name) : name
}

/** HOST or HOST:PORT. */
function readHost(written: string): string {
  const [, host = '', port] = /^([^:]*)(?::(\d{1,5}))?$/.exec(written) ?? []
  const isHost = /^([a-z\d_]([\w-]*[a-z\d_])?\.)*[a-z\d_]([\w-]*[a-z\d_])?\.?$/i.test(
    host.replaceAll('{region}', 'region'),
  )
  if (!isHost || (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535))) {
    throw new OptionError(
      `expects hosts, as in dynamodb.{region}.amazonaws.com or api.example.com:8443, and got ${JSON.stringify(written)}; leave out what else a URL has`,
    )
  }
  return written
}

/** The absolute path of a JSON file. */
function readEvent(file: string, folder: string): string {
  const place = resolve(folder, file)
  let content: string
  try {
    content = withoutMark(readFileSync(place, 'utf8'))
  } catch (error) {
    throw new OptionError(`expects a file with an event, and ${file} cannot be read; check the path`, {
      cause: error,
    })
  }
  try {
    JSON.parse(content)
  } catch (error) {
    throw new OptionError(
      `expects a JSON file, and ${file} is not JSON (${error instanceof Error ? error.message : error}); mend it`,
      { cause: error },
    )
  }
  return place
}
