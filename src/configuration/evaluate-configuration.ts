/**
 * Evaluates a configuration file on the Node.js that the command runs on.
 *
 * esbuild bundles it first, with the project's own files, those of its workspace too, and without packages: so TypeScript that Node.js does not take by
 * stripping types, imports without endings and paths of a `tsconfig.json` work as they do in the functions. What comes of it is
 * never written to a disk: Node.js gets it in the place of the file itself, and finds packages from there. Only where the API runs on Bun it is
 * a file beside it for that time.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
// As a whole: by names that an old Node.js lacks, `lambdabin/api` could not even say that it is too old.
import * as nodeModules from 'node:module'
import { dirname, extname, join, relative } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { type BuildFailure, build, type Loader, type Plugin } from 'esbuild'
import { entryBelow } from '../compiler/escaped-pattern.ts'
import { withoutMark } from '../compiler/text/byte-order-mark.ts'
import { originOf } from '../compiler/text/source-origin.ts'
import { unlessNeverEnding } from '../compiler/unfinished-work.ts'
import { beginEvaluation, configurationFailure, NeverSettled } from './configuration-failure.ts'
import { linkedPackages } from './evaluation/linked-packages.ts'
import { withoutFileWarnings } from './evaluation/node-warnings.ts'
import { UsageError } from './usage-error.ts'

/** Tells one evaluation from the next, as Node.js keeps what it has evaluated. */
const QUERY = 'lambdabin-configuration'
let evaluations = 0

export interface EvaluatedConfiguration {
  /** The default export, which may be a promise or a function. */
  readonly exported: unknown
  /** What it throws later, as a mistake in it, with its place. */
  readonly explain: (error: unknown) => UsageError
  /** To be called when all is read of it. */
  readonly done: () => void
}

/** Evaluates `file`. Rejects with a {@link UsageError}. `named` is how the user knows the file. */
export async function evaluateConfiguration(file: string, named: string): Promise<EvaluatedConfiguration> {
  const { code, sourceMap } = await bundleConfiguration(file, named)
  evaluations += 1
  const { url, end } = offerModule(file, code)
  const place = (error: unknown) => placeOf(error, url, sourceMap, file, named) ?? named
  const explain = (error: unknown) => configurationFailure(error, place(error))
  const [endEvaluation, endQuiet] = [beginEvaluation(url, place), withoutFileWarnings()]
  const done = () => {
    endEvaluation()
    endQuiet()
  }
  try {
    const { default: exported } = await unlessNeverEnding(import(url), () => new NeverSettled())
    return { exported, explain, done }
  } catch (error) {
    done()
    throw explain(error)
  } finally {
    end()
  }
}

/** Has `import` of the URL load the code, until `end` is called. Throws where a file cannot be written. */
function offerModule(file: string, code: string): { url: string; end: () => void } {
  // Bun, which may run a program that imports the API, has no such hooks.
  if ((nodeModules as Partial<typeof nodeModules>).registerHooks === undefined) {
    const temporary = join(dirname(file), `.${QUERY}-${process.pid}-${evaluations}.mjs`)
    writeFileSync(temporary, code)
    return { url: pathToFileURL(temporary).href, end: () => rmSync(temporary, { force: true }) }
  }
  const url = `${pathToFileURL(file).href}?${QUERY}=${evaluations}`
  const hooks = nodeModules.registerHooks({
    load: (asked, context, nextLoad) =>
      asked === url ? { format: 'module', source: code, shortCircuit: true } : nextLoad(asked, context),
  })
  return { url, end: () => hooks.deregister() }
}

async function bundleConfiguration(file: string, named: string) {
  try {
    const folder = dirname(file)
    const { outputFiles } = await build({
      ...entryBelow(folder, file),
      outfile: join(folder, 'configuration.mjs'),
      bundle: true,
      // As Node.js has it, which loads what is external: without `module`, which esbuild would add.
      conditions: [],
      platform: 'node',
      format: 'esm',
      target: 'node22',
      write: false,
      sourcemap: 'external',
      sourcesContent: false,
      logLevel: 'silent',
      define: FILE_CONSTANTS,
      // For what is CommonJS, and requires packages. In the same line, so that the source map holds.
      banner: {
        js: `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${JSON.stringify(file)});`,
      },
      plugins: [ownModule, linkedPackages(folder), fileConstants],
    })
    const output = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? ''
    return { code: output('.mjs'), sourceMap: output('.map') }
  } catch (error) {
    const [first] = (error as Partial<BuildFailure>).errors ?? []
    if (first === undefined) {
      throw error
    }
    const { location, text } = first
    const place =
      location === null
        ? named
        : `${sourceName(location.file, file, named)}:${location.line}:${location.column + 1}`
    throw new UsageError(`${place}: the configuration cannot be read: ${text}`, { cause: error })
  }
}

/** `defineConfig` does nothing, and a configuration does not need lambdabin installed for it. */
const ownModule: Plugin = {
  name: 'lambdabin-config',
  setup(pluginBuild) {
    const namespace = 'lambdabin-config'
    pluginBuild.onResolve({ filter: /^lambdabin\/config$/ }, ({ path }) => ({ path, namespace }))
    pluginBuild.onLoad({ filter: /.*/, namespace }, () => ({
      contents: 'export const defineConfig = (config) => config',
    }))
  },
}

/** What a file may ask for itself, by what stands for it in the bundle. */
const FILE_CONSTANTS = {
  __filename: '__configurationFile',
  __dirname: '__configurationFolder',
  'import.meta.filename': '__configurationFile',
  'import.meta.dirname': '__configurationFolder',
  'import.meta.url': '__configurationUrl',
}

/** Has these name the files themselves, although all are in one bundle. */
const fileConstants: Plugin = {
  name: 'file-constants',
  setup(pluginBuild) {
    pluginBuild.onLoad({ filter: /\.[cm]?[jt]s$/, namespace: 'file' }, ({ path }) => {
      const text = withoutMark(readFileSync(path, 'utf8'))
      if (!/\b__(file|dir)name\b|\bimport\.meta\b/.test(text) || text.startsWith('#!')) {
        return undefined
      }
      const constants = {
        __configurationFile: path,
        __configurationFolder: dirname(path),
        __configurationUrl: pathToFileURL(path).href,
      }
      const declarations = Object.entries(constants).map(
        ([name, value]) => `${name} = ${JSON.stringify(value)}`,
      )
      const loader: Loader = /\.[cm]?ts$/.test(extname(path)) ? 'ts' : 'js'
      return { contents: `const ${declarations.join(', ')}; ${text}`, loader }
    })
  },
}

/** The innermost place in the project's own files that the error's stack leads through. */
function placeOf(
  error: unknown,
  url: string,
  sourceMap: string,
  file: string,
  named: string,
): string | undefined {
  const stack = error instanceof Error ? String(error.stack) : ''
  const at = stack.indexOf(`${url}:`)
  const [, line, column] = at === -1 ? [] : (/^:(\d+):(\d+)/.exec(stack.slice(at + url.length)) ?? [])
  if (line === undefined || column === undefined) {
    return undefined
  }
  const origin = originOf(new nodeModules.SourceMap(JSON.parse(sourceMap)), Number(line), Number(column))
  return origin && `${sourceName(origin.path, file, named)}:${origin.line}:${origin.column}`
}

/** `source` is relative to the configuration's folder. */
function sourceName(source: string, file: string, named: string): string {
  return relative(join(dirname(file), source), file) === '' ? named : join(dirname(named), source)
}
