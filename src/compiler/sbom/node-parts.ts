/** Node.js and the projects that it is made of, by what `process.versions` of the binary tells. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { BaseNode } from '../base-node/base-node.ts'

export interface NodePart {
  readonly name: string
  readonly version: string
  readonly purl: { readonly type: 'generic' | 'npm' | 'github'; readonly namespace?: string }
  /** Vendor and product in the National Vulnerability Database, where it has it: `openssl:openssl`. */
  readonly cpe?: string
  readonly license?: string
}

type Known = Omit<NodePart, 'version'>

const generic = { type: 'generic' } as const
const npm = { type: 'npm' } as const
const github = (namespace: string) => ({ type: 'github', namespace }) as const

/** By the name in `process.versions`. Licences are those that Node.js's own LICENSE tells. */
const KNOWN: Readonly<Record<string, Known>> = {
  acorn: { name: 'acorn', purl: npm, license: 'MIT' },
  ada: { name: 'ada', purl: github('ada-url'), license: 'MIT' },
  amaro: { name: 'amaro', purl: npm, license: 'MIT' },
  ares: { name: 'c-ares', purl: github('c-ares'), cpe: 'c-ares:c-ares', license: 'MIT' },
  brotli: { name: 'brotli', purl: github('google'), cpe: 'google:brotli', license: 'MIT' },
  cjs_module_lexer: { name: 'cjs-module-lexer', purl: npm, license: 'MIT' },
  cldr: { name: 'cldr', purl: github('unicode-org'), license: 'Unicode-3.0' },
  icu: {
    ...{ name: 'icu', purl: github('unicode-org'), license: 'Unicode-3.0' },
    cpe: 'icu-project:international_components_for_unicode',
  },
  llhttp: { name: 'llhttp', purl: github('nodejs'), cpe: 'llhttp:llhttp', license: 'MIT' },
  nbytes: { name: 'nbytes', purl: github('nodejs'), license: 'MIT' },
  ncrypto: { name: 'ncrypto', purl: github('nodejs'), license: 'MIT' },
  nghttp2: { name: 'nghttp2', purl: github('nghttp2'), cpe: 'nghttp2:nghttp2', license: 'MIT' },
  nghttp3: { name: 'nghttp3', purl: github('ngtcp2'), license: 'MIT' },
  ngtcp2: { name: 'ngtcp2', purl: github('ngtcp2'), license: 'MIT' },
  openssl: { name: 'openssl', purl: github('openssl'), cpe: 'openssl:openssl', license: 'Apache-2.0' },
  simdjson: { name: 'simdjson', purl: github('simdjson'), license: 'Apache-2.0' },
  simdutf: { name: 'simdutf', purl: github('simdutf'), license: 'MIT' },
  sqlite: { name: 'sqlite', purl: generic, cpe: 'sqlite:sqlite', license: 'blessing' },
  tz: { name: 'tzdata', purl: generic },
  undici: { name: 'undici', purl: npm, cpe: 'nodejs:undici', license: 'MIT' },
  unicode: { name: 'unicode-character-database', purl: generic, license: 'Unicode-3.0' },
  uv: { name: 'libuv', purl: github('libuv'), cpe: 'libuv:libuv', license: 'MIT' },
  uvwasi: { name: 'uvwasi', purl: github('nodejs'), license: 'MIT' },
  v8: { name: 'v8', purl: github('v8'), cpe: 'google:v8', license: 'BSD-3-Clause' },
  zlib: { name: 'zlib', purl: generic, cpe: 'zlib:zlib', license: 'Zlib' },
  zstd: { name: 'zstd', purl: github('facebook'), cpe: 'facebook:zstandard', license: 'BSD-3-Clause' },
}

/** Numbers of interfaces, and Node.js itself. */
const NO_PROJECTS = new Set(['node', 'modules', 'napi'])

/** In the order of their names. What a binary has that is not known here is told by its name. */
export async function nodePartsOf({ generator }: Pick<BaseNode, 'generator'>): Promise<NodePart[]> {
  const { stdout } = await promisify(execFile)(generator, ['-p', 'JSON.stringify(process.versions)'], {
    timeout: 30_000,
    env: {},
  })
  return partsOfVersions(JSON.parse(stdout))
}

export function partsOfVersions(versions: Readonly<Record<string, string>>): NodePart[] {
  return Object.entries(versions)
    .filter(([name, version]) => version !== '' && !NO_PROJECTS.has(name))
    .map(([name, version]) => ({
      ...(KNOWN[name] ?? { name, purl: generic }),
      version: plainVersion(name, version),
    }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

/** Without what says whose build it is: `13.6.233.17-node.53`, `1.3.2.1-motley-8002e91`, `3.0.16+quic`. */
function plainVersion(name: string, version: string): string {
  return name === 'v8' || name === 'zlib' || name === 'openssl' ? version.replace(/[-+].*$/, '') : version
}
