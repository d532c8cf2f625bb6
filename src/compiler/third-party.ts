/**
 * Where pkg, undici and libdeflate are: a checkout has them installed, as workspace `third-party` says, and an installed lambdabin has copies of
 * what it uses in `lib/third-party/`, made by `scripts/publish/third-party.ts`.
 */
import { createRequire } from 'node:module'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const isPublished = extname(import.meta.url) === '.js'
const { resolve } = createRequire(import.meta.url)

/** undici's package, with its package.json and its licence. */
export const UNDICI_FOLDER = isPublished ? copyOf('undici') : dirname(resolve('undici/package.json'))

/** pkg's SEA mode, a CommonJS module that imports `postject`. */
export const PKG_SEA_FILE = isPublished ? copyOf('pkg/sea.cjs') : resolve('@yao-pkg/pkg/lib-es5/sea.js')

/** pkg's package.json. */
export const PKG_MANIFEST = isPublished ? copyOf('pkg/package.json') : resolve('@yao-pkg/pkg/package.json')

/** libdeflate's only module that others import, in ES syntax; its files and its licence are beside it. */
export const LIBDEFLATE_FILE = isPublished ? copyOf('libdeflate/index.js') : resolve('libdeflate')

function copyOf(path: string): string {
  return fileURLToPath(new URL(`../third-party/${path}`, import.meta.url))
}
