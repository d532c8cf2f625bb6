/** The options of esbuild's that a function is bundled with: those that its author chose, and those that an executable needs. */
import { clearTimeout, setTimeout } from 'node:timers'
import { type Import, init, parse } from 'es-module-lexer'
import type { BuildFailure, BuildOptions, Plugin } from 'esbuild'
import { BuildOptionsError } from '../build-error.ts'
import { OWN_CONDITIONS } from '../source-files.ts'
import { awsSdkModules, type KnownSdkModules } from './aws-sdk-modules.ts'
import { isBuildFailure } from './bundle-failure.ts'
import { emitDecoratorMetadata } from './decorator-metadata.ts'
import { FILE_LOADERS, filePlugin } from './file-loaders.ts'
import { IMPORT_META } from './function-wrapper.ts'
import { leaveNativeAddons } from './native-addons.ts'
import { sdkRegistration } from './sdk-registration.ts'

/** What the author may choose, with absolute paths. What would break an executable is not among it. */
export type AuthorOptions = Readonly<
  Omit<
    BuildOptions,
    'format' | 'platform' | 'bundle' | 'write' | 'metafile' | 'outfile' | 'outdir' | 'entryPoints'
  >
>

/** An option has code that cannot be a part of the bundle, or what esbuild does not take. */
export class AuthorOptionsError extends BuildOptionsError {
  override readonly name = 'AuthorOptionsError'
}

export interface OptionsOfBundle {
  readonly minify: boolean
  readonly author: AuthorOptions
  /** Asked before any others. */
  readonly plugins: readonly Plugin[]
  readonly sdkModules?: KnownSdkModules | undefined
}

/** What does not depend on the format of the bundle. */
export function commonOptions({ minify, author, plugins, sdkModules }: OptionsOfBundle): BuildOptions {
  const { minify: all, banner: _banner, footer: _footer, ...rest } = author
  return {
    target: 'node22',
    sourcesContent: false,
    legalComments: 'none',
    // Identifiers keep their names: an error's class name is its errorType. Nor would shorter ones be faster.
    // An AWS SDK DynamoDB client with zod, from start to loaded, without and with a code cache: as it is 109
    // and 60 ms; so 102 and 56; identifiers shortened and names kept by calls (keepNames) 112 and 57.
    minifySyntax: all ?? minify,
    minifyWhitespace: all ?? minify,
    minifyIdentifiers: all ?? false,
    ...rest,
    define: { ...IMPORT_META, ...author.define },
    loader: { ...FILE_LOADERS, ...author.loader },
    // 'module' is esbuild's own default, which any other would take away.
    conditions: ['module', ...OWN_CONDITIONS, ...(author.conditions ?? [])],
    plugins: [
      ...plugins,
      ...(author.plugins ?? []).map(thatEnds),
      leaveNativeAddons,
      // What an author's plugin says may be another thing each time.
      awsSdkModules((author.plugins ?? []).length > 0 ? undefined : sdkModules),
      sdkRegistration,
      emitDecoratorMetadata(author),
      filePlugin,
    ],
    // esbuild's default charset, ASCII, is the best: V8 holds such a script in one byte per character instead of two.
  }
}

/** How long a plugin's `setup` may take, which esbuild calls anew for each bundle; it would wait for ever. */
const SETUP_MS = 60_000

function thatEnds(plugin: Plugin): Plugin {
  return {
    ...plugin,
    setup: (build) => {
      const done = plugin.setup(build)
      return done && inTime(done, plugin.name)
    },
  }
}

async function inTime(setup: Promise<void>, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `the setup of the plugin ${name} is not done after ${SETUP_MS / 1000} seconds; look for a promise in it that is neither resolved nor rejected`
      reject(new AuthorOptionsError(message))
    }, SETUP_MS)
  })
  await Promise.race([setup, late]).finally(() => clearTimeout(timer))
}

/** An {@link AuthorOptionsError} for what esbuild rejects with when it is no failure of the code: it has not begun, but for one that has ended. */
export function explainRefusal(error: unknown): unknown {
  if (!(error instanceof Error) || /^The service /.test(error.message)) {
    return error
  }
  const refused = isBuildFailure(error) ? refusedValue(error) : error.message
  if (refused === undefined) {
    return error
  }
  return new AuthorOptionsError(
    `esbuild takes other values for its options: ${refused}; https://esbuild.github.io/api/ tells which`,
    { cause: error },
  )
}

/** Of some values esbuild tells as of failures of the code, but for that they are in no file. */
function refusedValue({ errors }: BuildFailure): string | undefined {
  const own = errors.filter(({ pluginName }) => pluginName === '')
  for (const { text, location } of own) {
    if (location === null && /^(Invalid|Unsupported) |^"[^"]*" is not a valid feature name /.test(text)) {
      return text
    }
    // Some are code to it, in what it calls files.
    const [, option] = /^[(<](define|pure|tsconfig)(?: name\)|\.json>)$/.exec(location?.file ?? '') ?? []
    if (option !== undefined) {
      return `${text}, in ${option}`
    }
  }
  return undefined
}

/** Rejects with an {@link AuthorOptionsError} when code that is to be put around the bundle cannot stand in a script. */
export async function checkCode({ banner, footer }: AuthorOptions): Promise<void> {
  await init
  if (banner?.js?.startsWith('#!')) {
    throw new AuthorOptionsError(
      `esbuild’s option banner begins with ${banner.js.split('\n', 1)[0]}, which tells a shell how to start a file, and a function is a script in an executable; leave that line out`,
    )
  }
  for (const [option, code] of [
    ['banner', banner?.js],
    ['footer', footer?.js],
  ] as const) {
    const statement = code === undefined ? undefined : moduleSyntax(code)
    if (statement !== undefined) {
      throw new AuthorOptionsError(
        `esbuild’s option ${option} has ${statement}, and a function is bundled as a script, which has require, __filename and __dirname by itself; ` +
          'leave it out, or use process.getBuiltinModule or require in it',
      )
    }
  }
}

function moduleSyntax(code: string): string | undefined {
  const [imports, exports] = parse(code)
  const isStatement = ({ type }: Import) => type === 'static' || type === 'reexport-star'
  if (exports.length > 0) {
    return 'an export statement'
  }
  return imports.some(isStatement) ? 'an import statement' : undefined
}
