/** What Node.js exports of itself: what its headers declare is there for native addons, and other names are not. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { findPinnedNode } from '../../../bin/pinned-node.js'
import { hideInternalSymbols, isPublic } from '../../../src/compiler/base-node/exported-symbols.ts'
import { findTargetRunner } from '../../../src/compiler/base-node/target-runner.ts'
import { parseElf } from '../../../src/compiler/elf/elf-file.ts'
import { readSymbols } from '../../../src/compiler/elf/elf-symbols.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

/** Those of the Node.js that runs this; what they declare is the same on both processors. */
const HEADERS = join(dirname(process.execPath), '../include/node')

function namesOf(bytes: Buffer): Set<string> {
  return new Set(readSymbols(bytes, parseElf(bytes, 'node'), '.dynsym').map(({ name }) => name))
}

/** All words that are called, or declared to be, in the headers of a folder itself. */
function declaredIn(folder: string, pattern: RegExp): Set<string> {
  const files = readdirSync(join(HEADERS, folder)).filter((name) => /\.h$/.test(name) && pattern.test(name))
  assert.ok(files.length > 0, `${folder} has headers`)
  const text = files.map((name) => readFileSync(join(HEADERS, folder, name), 'utf8')).join('\n')
  return new Set([...text.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].map(([, name = '']) => name))
}

/** A function's name in C++: its namespaces, its class and itself. */
function pathOf(name: string): string[] {
  const path: string[] = []
  let rest = /^_ZN?K?(.*)$/.exec(name)?.[1] ?? ''
  for (let length = /^\d+/.exec(rest); length !== null; length = /^\d+/.exec(rest)) {
    const end = length[0].length + Number(length[0])
    path.push(rest.slice(length[0].length, end))
    rest = rest.slice(end)
  }
  return path
}

const skip = existsSync(HEADERS) ? false : 'this Node.js comes without headers'

for (const arch of ['x64', 'arm64'] as const) {
  test(`what headers declare stays, and three quarters of the names go, ${arch}`, {
    skip,
    timeout: 300_000,
  }, async (t) => {
    const original = await findPinnedNode(arch)
    const before = readFileSync(original)
    const { bytes, kept } = hideInternalSymbols(before, original)
    assert.equal(kept, undefined)
    const [all, left] = [namesOf(before), namesOf(bytes)]
    assert.ok(all.size > 35_000 && left.size < all.size / 3, `${left.size} of ${all.size} names`)

    const inC = [
      ...declaredIn('.', /^(node_api|js_native_api|uv|zlib)\.h/),
      ...declaredIn('uv', /./),
      ...declaredIn('openssl', /./),
    ].filter((name) => all.has(name))
    assert.ok(inC.length > 3000, `${inC.length} functions in C`)
    assert.deepEqual(
      inC.filter((name) => !left.has(name)),
      [],
    )

    const ofNode = declaredIn('.', /^node(_buffer)?\.h/)
    const ofV8 = new Set([...declaredIn('.', /^v8/), ...declaredIn('libplatform', /./)])
    const inCpp = [...all].filter((name) => {
      const [first, ...others] = pathOf(name)
      const own = others.at(-1) ?? ''
      switch (first) {
        case 'node':
          return ofNode.has(own) && (others.length === 1 || others[0] === 'Buffer')
        case 'v8':
          return ofV8.has(own) && (others[0] !== 'internal' || others.length === 2) && others[0] !== 'base'
        default:
          return false
      }
    })
    assert.ok(inCpp.length > 1000, `${inCpp.length} functions in C++`)
    assert.deepEqual(
      inCpp.filter((name) => !left.has(name)),
      [],
    )

    const node = join(temporaryFolder(t), 'node')
    writeFileSync(node, bytes, { mode: 0o755 })
    const runner = await findTargetRunner(original, arch)
    if (runner !== undefined) {
      const [command = '', ...first] = [...runner, node]
      const script = `require('node:crypto').createHash('sha256').update('').digest('hex').slice(0, 8)`
      assert.equal(execFileSync(command, [...first, '-p', script], { encoding: 'utf8' }), 'e3b0c442\n')
    }
  })
}

test('a native addon finds what it asks for, of V8, OpenSSL, libuv, zlib and Node.js itself', {
  skip,
  timeout: 300_000,
}, (t) => {
  const folder = temporaryFolder(t)
  const [node, addon] = [join(folder, 'node'), join(folder, 'addon.node')]
  writeFileSync(node, hideInternalSymbols(readFileSync(process.execPath), 'node').bytes, { mode: 0o755 })
  const source = fileURLToPath(new URL('../../fixtures/symbols/addon.cc', import.meta.url))
  const parameters = ['-std=c++20', '-shared', '-fPIC', '-w', `-I${HEADERS}`, '-o', addon, source]
  const { status, stderr } = spawnSync('g++', parameters, { encoding: 'utf8' })
  if (status === null) {
    t.skip('g++ is not installed')
    return
  }
  assert.equal(status, 0, stderr)
  const env = { ...process.env, LD_BIND_NOW: '1' }
  const said = execFileSync(node, ['-p', `require(${JSON.stringify(addon)}).ask()`], {
    encoding: 'utf8',
    env,
  })
  assert.equal(said, 'openssl tls uv zlib buffer loop clock v8\n')
})

test('of names, it is known whose they are', () => {
  const names = {
    _ZN4node25AddEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_: true,
    _ZN4node6Buffer3NewEPN2v87IsolateEm: true,
    _ZN4node13CallbackScopeD1Ev: true,
    _ZN4node6crypto9SSLCtxPtrE: false,
    _ZTVN4node14StreamResourceE: true,
    _ZN2v86Object3NewEPNS_7IsolateE: true,
    _ZN2v88internal18ShouldThrowOnErrorEPNS0_7IsolateE: true,
    _ZN2v88internal4Heap13CollectGarbageENS0_15AllocationSpaceE: false,
    _ZN12v8_inspector11V8Inspector6createEPN2v87IsolateEPNS_17V8InspectorClientE: true,
    _ZNSt6vectorIiSaIiEE9push_backEOi: true,
    _ZNSt6vectorIN4node7ExitSetESaIS1_EE9push_backEOS1_: false,
    _ZTVN10__cxxabiv117__class_type_infoE: true,
    _Znwm: true,
    _ZN6icu_786LocaleC1Ev: false,
    u_charType_78: false,
    EVP_rc4_40: true,
    ECDH_KDF_X9_62: true,
    ossl_ec_key_gen: false,
    nghttp2_session_send: false,
    uv_loop_init: true,
    napi_create_object: true,
    deflateInit2_: true,
    icudt78_dat: true,
  }
  assert.deepEqual(Object.fromEntries(Object.keys(names).map((name) => [name, isPublic(name)])), names)
})

test('a Node.js whose symbols are laid out in another way is left as it is, and a note says so', () => {
  const bytes = readFileSync(process.execPath)
  const { sectionHeaders, sections } = parseElf(bytes, 'node')
  const names = sections.find(({ name }) => name === '.dynstr')
  assert.ok(names)
  bytes.writeBigUInt64LE(
    BigInt(names.offset + 64),
    sectionHeaders.offset + names.index * sectionHeaders.entrySize + 24,
  )
  const { bytes: left, kept } = hideInternalSymbols(bytes, 'node')
  assert.equal(left, bytes)
  assert.match(kept ?? '', /^this Node\.js has the names of its own functions in the front of the executable/)
})
