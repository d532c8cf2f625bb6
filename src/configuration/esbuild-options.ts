/**
 * esbuild's options that a function may be bundled with, by esbuild's own names: see {@link ./option.ts}. What would break
 * an executable is refused, with the reason. What each does, https://esbuild.github.io/api/ tells.
 */
import { isAbsolute, resolve } from 'node:path'
import type { BuildOptions, Plugin } from 'esbuild'
import { type Option, OptionError, shown } from './option.ts'
import { choice, flag, list, pairs, paths, readableFile, refuse, text } from './option-kinds.ts'

export const ESBUILD_OPTIONS = {
  define: pairs({
    expects: 'names, and a JavaScript expression for each',
    placeholder: 'NAME=EXPRESSION',
    help: `put an expression in the place of a name: process.env.STAGE='"prod"'`,
  }),
  loader: pairs(
    {
      expects: 'endings of files, and a loader of esbuild for each',
      placeholder: '.ENDING=LOADER',
      help: 'how files of that ending are imported: .svg=text',
    },
    loader,
  ),
  alias: pairs(
    {
      expects: 'names of packages, and what to import in the place of each',
      placeholder: 'PACKAGE=OTHER',
      help: 'import another package, or a file, in the place of a package',
    },
    absoluteIfRelative,
  ),
  plugins: plugins(),
  conditions: texts('CONDITION', "follow this condition in packages' exports, too"),
  mainFields: texts('FIELD', 'the fields of package.json that name a package’s main file, in order'),
  resolveExtensions: texts('.ENDING', 'the endings that an import may leave out, in order'),
  nodePaths: paths({
    expects: 'a list of paths',
    placeholder: 'FOLDER',
    help: 'a folder with packages that are found nowhere else',
  }),
  preserveSymlinks: flag({ help: 'do not follow links to files' }),
  banner: pairs({ expects: 'js, and its code', placeholder: 'js=CODE', help: 'code to put in front' }, code),
  footer: pairs({ expects: 'js, and its code', placeholder: 'js=CODE', help: 'code to put behind' }, code),
  inject: paths({
    expects: 'a list of paths',
    placeholder: 'FILE',
    help: 'a file whose exports take the place of global names',
  }),
  jsx: choice(['transform', 'automatic'], {
    help: 'what JSX becomes: calls of React.createElement, or of jsx',
  }),
  jsxFactory: name('NAME', 'the function that makes JSX elements'),
  jsxFragment: name('NAME', 'the component of JSX fragments'),
  jsxImportSource: name('PACKAGE', 'the package that has the function jsx'),
  jsxDev: flag({ help: 'compile JSX for development' }),
  jsxSideEffects: flag({ help: 'keep JSX that nothing uses' }),
  tsconfig: readableFile({
    expects: 'a tsconfig.json',
    placeholder: 'FILE',
    help: 'the tsconfig.json to follow',
  }),
  tsconfigRaw: tsconfigRaw(),
  target: texts('TARGET', 'compile syntax for this (default: node22)'),
  supported: pairs(
    {
      expects: 'features of JavaScript, and true or false for each',
      placeholder: 'FEATURE=true|false',
      help: 'whether a feature of JavaScript may be used',
    },
    isSupported,
  ),
  charset: choice(['ascii', 'utf8'], { help: 'utf8: leave characters beyond ASCII as they are' }),
  keepNames: flag({ help: 'keep the names of all functions and classes, with a call for each' }),
  minify: configurationOnly(flag({ help: 'minify all: syntax, whitespace and identifiers' })),
  minifySyntax: flag({ isOn: true, help: 'leave the syntax as it is written' }),
  minifyWhitespace: flag({ isOn: true, help: 'leave whitespace' }),
  minifyIdentifiers: flag({
    help: 'shorten names, also those of functions and classes, which errors may be called by',
  }),
  legalComments: choice(['none', 'inline', 'eof'], {
    help: 'where comments with licences stay (default: none)',
  }),
  sourcesContent: flag({ help: 'have the sources in the source map, too' }),
  sourceRoot: name('ROOT', 'what paths in the source map are relative to'),
  drop: list(
    {
      expects: 'console or debugger',
      placeholder: 'console|debugger',
      help: 'leave out all such calls or statements',
    },
    droppable,
  ),
  dropLabels: texts('LABEL', 'leave out statements with this label'),
  pure: texts('NAME', 'leave out calls of this function whose result is not used'),
  ignoreAnnotations: flag({ help: 'do not believe what packages say of their side effects' }),
  treeShaking: flag({ isOn: true, help: 'keep what nothing uses' }),
  logOverride: pairs(
    {
      expects: 'kinds of messages of esbuild, and a level for each',
      placeholder: 'KIND=LEVEL',
      help: 'how important a kind of message is',
    },
    logLevel,
  ),
} as const

/** As in esbuild's own types. */
export type EsbuildOptions = Pick<BuildOptions, keyof typeof ESBUILD_OPTIONS>

/** Why others of esbuild's options cannot be given. */
export const REFUSED_ESBUILD_OPTIONS: Readonly<Record<string, string>> = Object.fromEntries([
  ...because('the executable runs the bundle as a script on Node.js', [
    ...['format', 'platform', 'globalName', 'bundle'],
  ]),
  ...because('lambdabin writes the package’s files itself; say where with outDir', [
    ...['write', 'outfile', 'outdir', 'outbase', 'outExtension', 'allowOverwrite'],
    ...['entryNames', 'chunkNames', 'assetNames', 'publicPath'],
  ]),
  ...because('a function begins at its entry; name that in functions', ['entryPoints', 'stdin']),
  ...because('lambdabin divides a function itself, and keeps the order of its modules', ['splitting']),
  ...because('what stays out of the bundle is shipped beside it; name it with lambdabin’s own external', [
    ...['external', 'packages'],
  ]),
  ...because('stack traces take the source map that lambdabin makes', ['sourcemap', 'absPaths', 'lineLimit']),
  ...because('lambdabin reads it itself', ['metafile']),
  ...because('relative paths start at the folder of the configuration', ['absWorkingDir']),
  ...because('lambdabin tells what esbuild says', ['logLevel', 'logLimit', 'logStyle', 'color']),
  ...because('a function is bundled in parts, which would not agree on the names', [
    ...['mangleProps', 'mangleQuoted', 'mangleCache', 'reserveProps'],
  ]),
])

function because(reason: string, names: readonly string[]): [name: string, reason: string][] {
  return names.map((each) => [each, reason])
}

function texts(placeholder: string, help: string) {
  return list({ expects: 'a list of texts', placeholder, help })
}

function name(placeholder: string, help: string) {
  return text({ expects: 'a text', placeholder, help })
}

function configurationOnly<Written, Value>(option: Option<Written, Value>): Option<Written, Value> {
  return { ...option, words: 'never' }
}

function plugins(): Option<readonly Plugin[], Plugin[]> {
  const expects = 'a list of esbuild’s plugins, each with a name and a function setup'
  return {
    words: 'never',
    placeholder: '',
    help: '',
    read: (written) => {
      if (!Array.isArray(written)) {
        return refuse({ expects }, written)
      }
      for (const plugin of written) {
        if (typeof plugin?.name !== 'string' || typeof plugin.setup !== 'function') {
          refuse({ expects }, plugin)
        }
      }
      return written
    },
  }
}

function tsconfigRaw(): Option<
  NonNullable<BuildOptions['tsconfigRaw']>,
  NonNullable<BuildOptions['tsconfigRaw']>
> {
  return {
    words: 'one',
    placeholder: 'JSON',
    help: 'settings as in a tsconfig.json',
    read: (written) =>
      typeof written === 'string' || (typeof written === 'object' && written !== null)
        ? written
        : refuse({ expects: 'settings as in a tsconfig.json' }, written),
  }
}

function absoluteIfRelative(item: unknown, folder: string): string {
  if (typeof item !== 'string') {
    return refuse({ expects: 'the name of a package, or a path' }, item)
  }
  return /^\.\.?(\/|$)/.test(item) && !isAbsolute(item) ? resolve(folder, item) : item
}

function code(item: unknown, _folder: string, kind: string): string {
  if (kind !== 'js') {
    throw new OptionError(`expects js, and its code, and got ${shown(kind)}; a function has no other code`)
  }
  return typeof item === 'string' ? item : refuse({ expects: 'JavaScript code' }, item)
}

/** The command line has words only. */
function isSupported(item: unknown): boolean {
  const value = item === 'true' ? true : item === 'false' ? false : item
  return typeof value === 'boolean' ? value : refuse({ expects: 'true or false for each feature' }, item)
}

function droppable(item: string): 'console' | 'debugger' {
  return item === 'console' || item === 'debugger' ? item : refuse({ expects: 'console or debugger' }, item)
}

const LOADERS = [
  ...([
    'base64',
    'binary',
    'dataurl',
    'default',
    'empty',
    'file',
    'js',
    'json',
    'jsx',
    'text',
    'ts',
    'tsx',
  ] as const),
] as const

/** Those of esbuild's that make something a function can use. */
function loader(item: unknown, _folder: string, ending: string): (typeof LOADERS)[number] {
  // None is that of files without one.
  if (ending !== '' && !/^\..*[^.]$/.test(ending)) {
    throw new OptionError(
      `expects endings of files that begin with a dot, as .svg, and got ${shown(ending)}; put a dot before it`,
    )
  }
  const known = LOADERS.find((each) => each === item)
  return known ?? refuse({ expects: `one of esbuild’s loaders ${LOADERS.join(', ')} for each ending` }, item)
}

const LOG_LEVELS = ['verbose', 'debug', 'info', 'warning', 'error', 'silent'] as const

function logLevel(item: unknown): (typeof LOG_LEVELS)[number] {
  const level = LOG_LEVELS.find((each) => each === item)
  if (level === undefined) {
    throw new OptionError(`expects a level of ${LOG_LEVELS.join(', ')} for each, and got ${shown(item)}`)
  }
  return level
}
