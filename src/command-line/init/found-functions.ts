/** The functions that a project has before `lambdabin init`, wherever they are: the files that export a handler by one of its usual names. */
import { globSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, extname, join, sep } from 'node:path'
import { ENTRY_ENDINGS } from '../../compiler/function-name.ts'

const ENDINGS = ENTRY_ENDINGS.map((ending) => ending.slice(1)).join(',')
/** What is installed or made, what is hidden, and what tests functions. */
const NO_SOURCES =
  /^(node_modules|dist|build|out|coverage|cdk\.out|vendor|examples?|docs|e2e|(?:.*-)?tests?|__\w+__|fixtures|mocks?|\..+)$|\.(test|spec|d|min)\.\w+$/
const HANDLER =
  /^(?:export\s+(?:const|let|var|(?:async\s+)?function)\s+(?:handler|lambdaHandler)\b|(?:module\.)?exports\.(?:handler|lambdaHandler)\s*=|export\s*\{(?:[^}]*?(?:,|\bas\b))?\s*(?:handler|lambdaHandler)\s*[,}])/m
/** A text there is a path, as in what configures a function. */
const COMMONJS_LIST =
  /^module\.exports\s*=\s*\{(?:[^{}]*,)?\s*(?:async\s+)?(?:handler|lambdaHandler)\s*(?:[,}(]|:(?!\s*['"`]))/m
const COMMENTS = /^[ \t]*\/\*[\s\S]*?\*\//gm
/** In bytes: what is larger was made by a bundler. */
const LARGEST = 200_000

/** By name, the paths of their files in `folder`. */
export function foundFunctions(folder: string): Readonly<Record<string, string>> {
  const files = globSync(`**/*.{${ENDINGS}}`, {
    cwd: folder,
    exclude: (path) => NO_SOURCES.test(basename(path)),
  })
  const paths = files
    .filter((file) => isFunction(join(folder, file)))
    .map((file) => file.split(sep).join('/'))
    .sort()
  const named = paths.map((path) => ({ path, words: tellingWords(path) }))
  const same = Map.groupBy(named, ({ words }) => words[0])
  const found: Record<string, string> = {}
  for (const { path, words } of named) {
    found[freeName(words, same.get(words[0])?.length === 1, found)] = path
  }
  return found
}

function isFunction(file: string): boolean {
  if (NO_SOURCES.test(basename(file))) {
    return false
  }
  const status = statSync(file, { throwIfNoEntry: false })
  if (status?.isFile() !== true || status.size > LARGEST) {
    return false
  }
  const text = readFileSync(file, 'utf8').replaceAll(COMMENTS, '')
  return HANDLER.test(text) || COMMONJS_LIST.test(text)
}

/** What says nothing of what a function does, as the name of a file or a folder. */
const COMMON = /^(index|handlers?|main|app|lambdas?|functions?|src|source|lib|packages|services|\.)$/i

/** The name of the file, and those of its folders from the innermost on, but for those that tell nothing. */
function tellingWords(path: string): string[] {
  const own = basename(path, extname(path))
  const telling = [own, ...dirname(path).split('/').reverse()].filter((word) => !COMMON.test(word))
  return (telling.length === 0 ? [own] : telling).map(plainWord)
}

/** Without accents, and without a dash in front, which would be an option's. */
function plainWord(word: string): string {
  const plain = word.normalize('NFKD').replaceAll(/\p{Mark}/gu, '')
  return plain.replaceAll(/[^\w-]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'function'
}

/** The first word; where others have that, too, with those of its folders in front. */
function freeName(
  [word = '', ...others]: readonly string[],
  isAlone: boolean,
  taken: Readonly<Record<string, string>>,
): string {
  let name = isAlone ? word : [others.shift(), word].filter((each) => each !== undefined).join('-')
  while (taken[name] !== undefined) {
    name = `${others.shift() ?? 'other'}-${name}`
  }
  return name
}
