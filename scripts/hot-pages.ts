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
import { fileURLToPath } from 'node:url'
import { prepareBaseNode } from '../src/compiler/base-node/base-node.ts'
import type { TargetRunner } from '../src/compiler/base-node/target-runner.ts'
import { bundleRuntime } from '../src/compiler/bundle/bundle-runtime.ts'
import type { Architecture } from '../src/compiler/elf/elf-file.ts'
import { type KnownHotPages, layoutOf } from '../src/compiler/read-ahead/hot-pages.ts'
import { formatRanges, joinRanges, type PageRange } from '../src/compiler/read-ahead/page-ranges.ts'
import {
  type FunctionKind,
  makeReferenceExecutable,
} from '../src/compiler/read-ahead/reference-executable.ts'
import { findTouchedPages } from '../src/compiler/read-ahead/touched-pages.ts'

/** What one start touches and another does not is a page in a hundred. */
const RUNS = 3
const DISK_BYTES = 400_000_000
const LINE = 100

const file = fileURLToPath(new URL('../base-node/hot-pages.json', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'lambdabin-hot-pages-'))
try {
  const known: Record<string, KnownHotPages[string]> = {}
  const runtime = await bundleRuntime()
  for (const arch of ['x64', 'arm64'] as const) {
    const { base, runner } = await findBase(arch)
    const make = (kind: FunctionKind) =>
      makeReferenceExecutable(kind, { ...base, runner }, runtime, join(folder, `${arch}-${kind}`))
    const [small, network] = [await make('small'), await make('network')]
    known[layoutOf(readFileSync(small), small)] = {
      of: `Node.js ${base.version}, ${arch}`,
      small: inLines(formatRanges(await findTouched(small, runner))),
      network: inLines(formatRanges(await findTouched(network, runner))),
    }
  }
  writeFileSync(file, `${JSON.stringify(known, undefined, 2)}\n`)
} finally {
  rmSync(folder, { recursive: true })
}

async function findBase(arch: Architecture) {
  const base = await prepareBaseNode(arch, undefined, () => {})
  if (base.runner === undefined) {
    throw new Error(`executables for ${arch} do not run here; install qemu-user`)
  }
  return { base, runner: base.runner }
}

async function findTouched(executable: string, runner: TargetRunner): Promise<PageRange[]> {
  const touched: PageRange[] = []
  for (let run = 0; run < RUNS; run++) {
    touched.push(...(await withColdCopy(executable, (copy) => findTouchedPages(copy, runner))))
  }
  const ranges = joinRanges(touched, 0)
  const pages = ranges.reduce((sum, { count }) => sum + count, 0)
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
    run('mount', '-o', 'ro', device, mounted)
    try {
      return await work(copy)
    } finally {
      run('umount', mounted)
    }
  } finally {
    run('losetup', '--detach', device)
  }
}

function run(command: string, ...parameters: string[]): string {
  return execFileSync(command, parameters, { encoding: 'utf8', timeout: 60_000 })
}

function inLines(text: string): string[] {
  return text.match(new RegExp(`.{1,${LINE}}(?= |$)`, 'g'))?.map((line) => line.trim()) ?? []
}
