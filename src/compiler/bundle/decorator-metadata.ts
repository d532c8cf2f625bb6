/**
 * Decorators with the types that TypeScript emits for them (`emitDecoratorMetadata`), by which Nest, TypeORM and others know
 * what to inject and what a column is. esbuild emits none.
 *
 * Where the nearest tsconfig.json asks for it, or the one that the author has chosen, a file with decorators goes through oxc first,
 * which does what `tsc` does with one file at a time. All else of it stays TypeScript to esbuild, by the same tsconfig.json.
 */
import { readFile } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import type { Loader, Plugin } from 'esbuild'
import { getTsconfig, parseTsconfig, type TsConfigJsonResolved } from 'get-tsconfig'
import { packageName } from '../dependencies/package-of-file.ts'
import type { SourceOptions } from '../dependencies/source-options.ts'
import { tellSourcePlaces } from './decorators/source-places.ts'
import { type IsThere, importTypes, isOfType } from './decorators/types-in-metadata.ts'

type CompilerOptions = NonNullable<TsConfigJsonResolved['compilerOptions']>

/** By folder, the settings of the files in it. */
type KnownSettings = Map<string, CompilerOptions | undefined>

const DECORATOR = /(?:^|[\s;{}(,])@[\w$(]/

export function emitDecoratorMetadata(author: SourceOptions): Plugin {
  const known: KnownSettings = new Map()
  return {
    name: 'decorator-metadata',
    setup(build) {
      const texts = new Map<string, string>()
      build.onLoad({ filter: /\.[cm]?tsx?$/, namespace: 'file' }, async ({ path }) => {
        const settings = packageName(path) === undefined ? settingsOf(path, author, known) : undefined
        const code = settings?.emitDecoratorMetadata ? await readFile(path, 'utf8') : ''
        const isThere: IsThere = async (specifier) => {
          const asked = { kind: 'import-statement', importer: path, resolveDir: dirname(path) } as const
          return (await build.resolve(specifier, asked)).errors.length === 0
        }
        const compiled = settings && (await compileDecorators(path, code, settings, isThere))
        if (compiled === undefined) {
          return undefined
        }
        texts.set(path, compiled)
        return { contents: compiled, loader: loaderOf(path, author), resolveDir: dirname(path) }
      })
      build.onEnd((result) => {
        result.warnings = result.warnings.filter((warning) => !isOfType(warning))
      })
      tellSourcePlaces(build, (file) => texts.get(file))
    },
  }
}

function settingsOf(file: string, author: SourceOptions, known: KnownSettings): CompilerOptions | undefined {
  const folder = dirname(file)
  if (!known.has(folder)) {
    known.set(folder, readSettings(file, author))
  }
  return known.get(folder)
}

/**
 * What the author has chosen counts for all files, as with esbuild. Else it is the nearest tsconfig.json; where that only refers to
 * others, the first that asks for metadata.
 */
function readSettings(file: string, { tsconfig, tsconfigRaw }: SourceOptions): CompilerOptions | undefined {
  try {
    if (tsconfigRaw !== undefined) {
      return rawSettings(tsconfigRaw)
    }
    if (tsconfig !== undefined) {
      return parseTsconfig(resolve(tsconfig)).compilerOptions
    }
    const found = getTsconfig(file)
    const { compilerOptions, references = [] } = found?.config ?? {}
    if (found === null || compilerOptions?.emitDecoratorMetadata !== undefined) {
      return compilerOptions
    }
    const others = references.map(({ path }) => readReference(join(dirname(found.path), path)))
    return others.find((other) => other?.emitDecoratorMetadata) ?? compilerOptions
  } catch {
    return undefined // esbuild tells what is wrong with it.
  }
}

/** Of an object, or of its text, as a tsconfig.json has it. */
function rawSettings(raw: NonNullable<SourceOptions['tsconfigRaw']>): CompilerOptions | undefined {
  const { compilerOptions } = typeof raw === 'string' ? JSON.parse(plainJson(raw)) : raw
  return compilerOptions
}

const COMMENT = /("(?:\\.|[^"\\])*")|\/\/.*|\/\*[\s\S]*?\*\//g
const LAST_COMMA = /("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g

/** Without what TypeScript and esbuild take beside JSON. */
function plainJson(text: string): string {
  const withoutComments = text.replace(COMMENT, (_, string = '') => string)
  return withoutComments.replace(LAST_COMMA, (_, string = '') => string)
}

function readReference(path: string): CompilerOptions | undefined {
  return parseTsconfig(path.endsWith('.json') ? path : join(path, 'tsconfig.json')).compilerOptions
}

/** An author's module, whose text is `code`, as esbuild is to read it, and the settings that it is under. */
export async function withDecoratorMetadata(
  path: string,
  code: string,
  author: SourceOptions,
): Promise<{ code: string; loader: Loader; settings: CompilerOptions | undefined }> {
  const settings = readSettings(path, author)
  const compiled = settings?.emitDecoratorMetadata ? await compileDecorators(path, code, settings) : undefined
  return { code: compiled ?? code, loader: loaderOf(path, author), settings }
}

/** As the author says; else as TypeScript, in which an import may be that of a type, of which nothing is left. */
function loaderOf(path: string, { loader = {} }: SourceOptions): Loader {
  const chosen = loader[extname(path)]
  if (chosen !== undefined) {
    return chosen
  }
  const [, kind = '', jsx = ''] = /\.[cm]?([jt])s(x?)$/.exec(path) ?? []
  return `${kind}s${jsx}` as Loader
}

/** Undefined where there are no decorators, or something is wrong, which esbuild says in its own words. */
async function compileDecorators(
  path: string,
  code: string,
  settings: CompilerOptions,
  isThere: IsThere = async () => true,
): Promise<string | undefined> {
  if (!DECORATOR.test(code)) {
    return undefined
  }
  const { transform } = await import('oxc-transform')
  const options = {
    lang: path.endsWith('x') ? 'tsx' : 'ts',
    sourceType: 'module',
    sourcemap: true,
    jsx: 'preserve',
    target: 'esnext',
  } as const
  const strictNullChecks = settings.strictNullChecks ?? settings.strict ?? false
  const [result, values] = await Promise.all(
    [true, false].map((emitDecoratorMetadata) =>
      transform(path, code, {
        ...options,
        decorator: { legacy: true, emitDecoratorMetadata, strictNullChecks },
      }),
    ),
  )
  if (result === undefined || values === undefined || result.errors.length > 0) {
    return undefined
  }
  const text = await importTypes(result.code, values.code, isThere)
  const map = Buffer.from(JSON.stringify({ ...result.map, sources: [path] })).toString('base64')
  return `${withHelpers(text)}\n//# sourceMappingURL=data:application/json;base64,${map}`
}

/** What oxc imports, each an expression. They take what `tsc` gives its own. */
const HELPERS: Readonly<Record<string, string>> = {
  // From the last to the first. Those of a member may replace its descriptor.
  decorate: `(decorators, target, key, given) => {
    const isMember = key !== undefined;
    const descriptor = given === null ? Object.getOwnPropertyDescriptor(target, key) : given;
    let result = isMember ? descriptor : target;
    if (typeof Reflect.decorate === 'function') {
      result = Reflect.decorate(decorators, target, key, descriptor);
    } else {
      for (const decorator of decorators.toReversed()) {
        if (decorator) result = (isMember ? decorator(target, key, result) : decorator(result)) || result;
      }
    }
    if (isMember && result) Object.defineProperty(target, key, result);
    return result;
  }`,
  decorateMetadata: `(key, value) => typeof Reflect.metadata === 'function' ? Reflect.metadata(key, value) : undefined`,
  decorateParam: `(index, decorator) => (target, key) => decorator(target, key, index)`,
}

const HELPER_IMPORT = /^import (\w+) from "@oxc-project\/runtime\/helpers\/(\w+)";$/gm

/** With the helpers in the place of their imports, a line each. */
function withHelpers(code: string): string {
  return code.replace(HELPER_IMPORT, (whole, name: string, helper: string) => {
    const text = HELPERS[helper]
    return text === undefined ? whole : `const ${name} = ${text.replace(/\s*\n\s*/g, ' ')};`
  })
}
