/**
 * Writes base-node/hot-pages.json: which pages of the pinned Node.js a start touches. To be run, as root, when another
 * Node.js is pinned, when what is left out of it or moved in it has changed, or the runtime has changed much:
 *
 *     npm run hot-pages
 *
 * Each executable runs from a file system of its own on a device that reads nothing ahead. So what is in memory of it is
 * what was touched, and the kernel, which maps what is in memory around a page that is touched, maps no more than that.
 * Needs losetup and mkfs.ext4, and for the other architecture what its executables need to run here.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { findPinnedNode } from '../bin/pinned-node.js'
import { prepareBaseNode } from '../src/compiler/base-node/base-node.ts'
import type { TargetRunner } from '../src/compiler/base-node/target-runner.ts'
import { bundleFunction } from '../src/compiler/bundle/bundle-function.ts'
import { bundleRuntime } from '../src/compiler/bundle/bundle-runtime.ts'
import { type Architecture, parseElf } from '../src/compiler/elf/elf-file.ts'
import { findSymbol } from '../src/compiler/elf/elf-symbols.ts'
import { type KnownHotPages, layoutOf } from '../src/compiler/read-ahead/hot-pages.ts'
import {
  formatRanges,
  joinRanges,
  type PageRange,
  pagesOf,
  sizeOf,
} from '../src/compiler/read-ahead/page-ranges.ts'
import {
  makeReferenceExecutable,
  type Reference,
  referenceOf,
} from '../src/compiler/read-ahead/reference-executable.ts'
import { findTouchedPages, withNeighbours } from '../src/compiler/read-ahead/touched-pages.ts'
import type { PrimingSettings } from '../src/executable/priming-settings.ts'

/** What one start touches and another does not is a page in a hundred. */
const RUNS = 3
const DISK_BYTES = 400_000_000
const LINE = 100
const MOST_ATTEMPTS = 60
const ATTEMPT_MS = 1000

/** What a build finds of {@link ./hot-pages/calls-aws.ts}; and of all its code, a rehearsal touches what an answer leads to. */
const AWS_PRIMED: PrimingSettings = {
  parts: ['crypto', 'https'],
  sdk: [
    {
      client: 'DynamoDBDocumentClient',
      command: 'GetCommand',
      input: { TableName: 'a', Key: { a: 'a' } },
      answer: 'json',
    },
  ],
  rehearsal: {
    events: [{}],
    stubs: [
      {
        url: 'https://*',
        headers: {},
        response: {
          status: 200,
          headers: { 'content-type': 'application/x-amz-json-1.0' },
          body: Buffer.from('{"Item":{"id":{"S":"o-1842"},"total":{"N":"44"}}}').toString('base64'),
        },
      },
    ],
  },
}
const CRYPTO_PRIMED: PrimingSettings = { parts: ['crypto'] }

const file = fileURLToPath(new URL('../base-node/hot-pages.json', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-hot-pages-'))
try {
  const known: Record<string, KnownHotPages[string]> = {}
  const runtime = await bundleRuntime()
  for (const arch of ['x64', 'arm64'] as const) {
    const { base, runner } = await findBase(arch)
    const make = (reference: Reference, name: string) =>
      makeReferenceExecutable(reference, { ...base, runner }, runtime, join(folder, `${arch}-${name}`))
    const touchedOf = async (...executables: readonly string[]) => {
      const touched: PageRange[] = []
      for (const executable of executables) {
        touched.push(...(await findTouched(executable, runner)))
      }
      return inLines(formatRanges(joinRanges(touched, 0)))
    }
    const small = await make(referenceOf('small'), 'small')
    // What most functions do that use the network, and ones that do more of it than the references, which come without packages.
    const network = await make(referenceOf('network'), 'network')
    const usesAws = await make({ code: await bundled('uses-aws'), priming: CRYPTO_PRIMED }, 'uses-aws')
    const connecting = await make(referenceOf('connecting'), 'connecting')
    const callsAws = await make({ code: await bundled('calls-aws'), priming: AWS_PRIMED }, 'calls-aws')
    known[layoutOf(readFileSync(small), small)] = {
      of: `Node.js ${base.version}, ${arch}`,
      together: formatRanges([await embeddedBuiltins(arch)]),
      small: await touchedOf(small),
      network: await touchedOf(network, usesAws),
      connecting: await touchedOf(connecting, callsAws),
    }
  }
  writeFileSync(file, `${JSON.stringify(known, undefined, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}

async function bundled(name: string): Promise<Buffer> {
  const entry = fileURLToPath(new URL(`./hot-pages/${name}.ts`, import.meta.url))
  return (await bundleFunction(entry, { minify: true, externals: [], bundled: [] })).entry.code
}

async function findBase(arch: Architecture) {
  const base = await prepareBaseNode(arch, undefined, () => {})
  if (base.runner === undefined) {
    throw new Error(`executables for ${arch} do not run here; install qemu-user`)
  }
  return { base, runner: base.runner }
}

/**
 * Where V8's built-in functions are, which it maps a second time on some machines: in one piece, or it copies them. Symbols of
 * Node.js as it is published tell; what is made of it has the same at the same place.
 */
async function embeddedBuiltins(arch: Architecture): Promise<PageRange> {
  const path = await findPinnedNode(arch)
  const bytes = readFileSync(path)
  const elf = parseElf(bytes, path)
  const code = findSymbol(bytes, elf, /^v8_Default_embedded_blob_code_$/, '.symtab')
  const size = findSymbol(bytes, elf, /^v8_Default_embedded_blob_code_size_$/, '.symtab')
  if (code === undefined || size === undefined) {
    throw new Error(`${path} has no symbols that tell where V8's built-in functions are`)
  }
  return withNeighbours(pagesOf(code.offset, code.offset + bytes.readUInt32LE(size.offset)))
}

async function findTouched(executable: string, runner: TargetRunner): Promise<PageRange[]> {
  const touched: PageRange[] = []
  for (let run = 0; run < RUNS; run++) {
    touched.push(...(await withColdCopy(executable, (copy) => findTouchedPages(copy, runner))).touched)
  }
  const ranges = joinRanges(touched, 0)
  const pages = sizeOf(ranges)
  if (pages === 0) {
    throw new Error('the kernel does not tell which pages are mapped; run this as root')
  }
  process.stderr.write(`${executable}: ${pages} pages in ${ranges.length} runs\n`)
  return ranges
}

/** Calls `work` with a copy of which nothing is in memory and of which nothing is read ahead. */
async function withColdCopy<Result>(
  executable: string,
  work: (copy: string) => Promise<Result>,
): Promise<Result> {
  const image = join(folder, 'disk')
  const mounted = join(folder, 'mounted')
  const copy = join(mounted, 'executable')
  writeFileSync(image, '')
  truncateSync(image, DISK_BYTES)
  mkdirSync(mounted, { recursive: true })
  run('mkfs.ext4', '-q', image)
  const device = run('losetup', '--find', '--show', image).trim()
  try {
    run('blockdev', '--setra', '0', device)
    run('mount', device, mounted)
    try {
      copyFileSync(executable, copy)
    } finally {
      run('umount', mounted)
    }
    await mountAgain(device, mounted)
    try {
      return await work(copy)
    } finally {
      run('umount', mounted)
    }
  } finally {
    run('losetup', '--detach', device)
  }
}

/** Functions that run in a sandbox of their own, of a test say, keep what was mounted when they began. */
async function mountAgain(device: string, mounted: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      run('mount', '-o', 'ro', device, mounted)
      return
    } catch (error) {
      if (attempt === MOST_ATTEMPTS) {
        throw error
      }
      await delay(ATTEMPT_MS)
    }
  }
}

function run(command: string, ...parameters: string[]): string {
  return execFileSync(command, parameters, { encoding: 'utf8', timeout: 60_000 })
}

function inLines(text: string): string[] {
  return text.match(new RegExp(`.{1,${LINE}}(?= |$)`, 'g'))?.map((line) => line.trim()) ?? []
}
