/**
 * Makes `lib/third-party/`: copies of what lambdabin uses of pkg, undici and libdeflate, with their licences, for its npm package. `npm pack` runs
 * this when it has compiled the sources.
 *
 * Of undici, these are the files that the runtime holds. Of pkg it is the SEA mode in its simple form, as one file: what only its other
 * modes need fails there when it is used.
 */
import { copyFileSync, globSync, mkdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { BUNDLED_OF_UNDICI } from '../../src/compiler/bundle/runtime/lean-undici.ts'
import { LIBDEFLATE_FILE, PKG_MANIFEST, PKG_SEA_FILE, UNDICI_FOLDER } from '../../src/compiler/third-party.ts'

const TARGET = fileURLToPath(new URL('../../lib/third-party/', import.meta.url))

/** What pkg's SEA mode imports for archives that it fetches, for macOS, and for the file system in its other form. */
const UNUSED = /^(unzipper|tar|\.\/walker|\.\/refiner|\.\/sea-assets|\.\/mach-o)$/

const withoutUnused: Plugin = {
  name: 'without-unused',
  setup(build) {
    build.onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: 'unused' }))
    build.onLoad({ filter: /.*/, namespace: 'unused' }, ({ path }) => ({
      contents: `module.exports = new Proxy(() => {}, {
        get: (target, name) => name === '__esModule' ? false : fail(),
        apply: fail,
      })
      function fail() { throw new Error('lambdabin leaves ${path} out of pkg') }`,
    }))
    // Its index is the programs that compile Node.js; this is all that is used of it.
    build.onResolve({ filter: /^@yao-pkg\/pkg-fetch$/ }, ({ resolveDir }) => ({
      path: 'pkg-fetch',
      namespace: 'system-only',
      pluginData: resolveDir,
    }))
    build.onLoad({ filter: /.*/, namespace: 'system-only' }, ({ pluginData }) => ({
      contents: `exports.system = require('@yao-pkg/pkg-fetch/lib-es5/system')`,
      resolveDir: pluginData,
    }))
  },
}

rmSync(TARGET, { recursive: true, force: true })
await copyPkg(join(TARGET, 'pkg'))
copyUndici(join(TARGET, 'undici'))
copyLibdeflate(join(TARGET, 'libdeflate'))

async function copyPkg(target: string): Promise<void> {
  const { metafile } = await build({
    entryPoints: [PKG_SEA_FILE],
    outfile: join(target, 'sea.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    external: ['postject'],
    plugins: [withoutUnused],
    legalComments: 'inline',
    metafile: true,
    logLevel: 'warning',
  })
  copy(PKG_MANIFEST, join(target, 'package.json'))
  const { resolve } = createRequire(PKG_SEA_FILE)
  for (const name of packagesOf(Object.keys(metafile.inputs))) {
    copyLicense(packageFolder(resolve, name), join(target, 'licenses', name.replace('/', '-')))
  }
}

function copyUndici(target: string): void {
  for (const file of [...BUNDLED_OF_UNDICI, 'core/errors.js'].map((path) => `lib/${path}`)) {
    copy(join(UNDICI_FOLDER, file), join(target, file))
  }
  copy(join(UNDICI_FOLDER, 'package.json'), join(target, 'package.json'))
  copyLicense(UNDICI_FOLDER, target)
}

function copyLibdeflate(target: string): void {
  const folder = dirname(LIBDEFLATE_FILE)
  for (const file of ['index.js', 'dist/libdeflate.wasm.mjs', 'package.json']) {
    copy(join(folder, file), join(target, file))
  }
  copyLicense(folder, target)
}

/** Names of the packages that files are of. */
function packagesOf(files: readonly string[]): Set<string> {
  const names = files.map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1])
  return new Set(names.filter((name) => name !== undefined))
}

function packageFolder(resolve: NodeJS.RequireResolve, name: string): string {
  return dirname(resolve(`${name}/package.json`))
}

function copyLicense(folder: string, target: string): void {
  const names = globSync('{LICEN[CS]E,licen[cs]e}*', { cwd: folder })
  if (names.length === 0) {
    throw new Error(`expected a licence in ${folder}, to copy it with the code; there is none`)
  }
  for (const name of names) {
    copy(join(folder, name), join(target, basename(name)))
  }
}

function copy(file: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true })
  copyFileSync(file, target)
}
