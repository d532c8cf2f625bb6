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
  const found: Record<string, string> = {}
  for (const path of paths) {
    const isAlone = paths.filter((other) => tellingWords(other)[0] === tellingWords(path)[0]).length === 1
    found[freeName(tellingWords(path), isAlone, found)] = path
  }
  return found
}

function isFunction(file: string): boolean {
  if (NO_SOURCES.test(basename(file))) {
    return false
  }
  const status = statSync(file, { throwIfNoEntry: false })
  return status?.isFile() === true && status.size <= LARGEST && HANDLER.test(readFileSync(file, 'utf8'))
}

/** What says nothing of what a function does, as the name of a file or a folder. */
const COMMON = /^(index|handlers?|main|app|lambdas?|functions?|src|source|lib|packages|services|\.)$/i

/** The name of the file, and those of its folders from the innermost on, but for those that tell nothing. */
function tellingWords(path: string): string[] {
  const own = basename(path, extname(path))
  const telling = [own, ...dirname(path).split('/').reverse()].filter((word) => !COMMON.test(word))
  return (telling.length === 0 ? [own] : telling).map((word) => word.replaceAll(/[^\w-]+/g, '-'))
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
