/**
 * What all executables of a Node.js have in common is made once, by pkg: an executable without a function. Of that, others are
 * made by putting their own assets in the place of its one. That takes a hundredth of the time.
 *
 * How pkg and Node.js lay out an executable is known only so far: where it is not as {@link ./sea-blob.ts} and
 * {@link ../elf/note-content.ts} tell, pkg makes each executable itself.
 */
import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BaseNode } from '../base-node/base-node.ts'
import { CacheArea } from '../cache/build-cache.ts'
import { GatheredBytes } from '../elf/gathered-bytes.ts'
import { readNote, replaceNote, startOfNote } from '../elf/note-content.ts'
import { PKG_MANIFEST } from '../third-party.ts'
import { runPkg } from './run-pkg.ts'
import { type SeaAssets, withAssets } from './sea-blob.ts'

/** Of the note that postject puts the blob into. */
const NOTE = 'NODE_SEA_BLOB'
/** The only asset of a template. */
const PLACEHOLDER: SeaAssets = { 'placeholder.js': Buffer.from('lambdabin') }

/** To be raised with each change of how templates are made. */
const MAKING = '1'
/** A template is as large as a Node.js. */
const UNUSED_MS = 30 * 86_400_000

/** What has been read in this process, by what it is made of; the latest one only. */
let latest: { readonly key: string; readonly template: Promise<GatheredBytes | undefined> } | undefined

/**
 * An executable of `base` whose main script is `main`, with `assets`. Undefined where it cannot be made so. `folder` is not
 * there yet, and for what comes in between. Rejects with an ExecutableError where pkg fails.
 */
export async function executableOfTemplate(
  main: Buffer,
  assets: SeaAssets,
  base: BaseNode,
  folder: string,
): Promise<GatheredBytes | undefined> {
  const template = await templateOf(main, base, folder)
  const blob = template && readNote(template, NOTE, base.path)
  const own = blob && withAssets(blob, PLACEHOLDER, assets, startOfNote(template, NOTE, base.path))
  return template && own && replaceNote(template, NOTE, own, base.path)
}

/** The same with this blob in the place of the template's; its launcher may be any. */
export async function executableOfBlob(
  launcher: Buffer,
  blob: Buffer,
  base: BaseNode,
  folder: string,
): Promise<GatheredBytes | undefined> {
  const template = await templateOf(launcher, base, folder)
  return template && replaceNote(template, NOTE, blob, base.path)
}

function templateOf(main: Buffer, base: BaseNode, folder: string): Promise<GatheredBytes | undefined> {
  const key = JSON.stringify([base.path, base.arch, main.toString('latin1')])
  if (latest?.key !== key) {
    const template = cachedTemplate(main, base, folder)
    latest = { key, template }
    template.catch(() => {
      latest = undefined
    })
  }
  return latest.template
}

async function cachedTemplate(
  main: Buffer,
  base: BaseNode,
  folder: string,
): Promise<GatheredBytes | undefined> {
  const cache = new CacheArea('templates', { unusedMs: UNUSED_MS })
  const { size, mtimeMs } = await stat(base.path)
  const { version } = createRequire(import.meta.url)(PKG_MANIFEST)
  const made = [MAKING, version, base.path, `${size} ${mtimeMs}`, base.arch, main]
  const template = await cache.bytesIfAny(made, async () => {
    const output = join(folder, 'template')
    await runPkg({ main, assets: PLACEHOLDER }, base, output, join(folder, 'template-parts'))
    const bytes = await readFile(output)
    return isUnderstood(bytes, base.path) ? bytes : undefined
  })
  await cache.trim()
  return template && GatheredBytes.of(template)
}

/** Whether putting the template's own asset in its place gives the template. */
function isUnderstood(template: Buffer, fileName: string): boolean {
  const blob = readNote(template, NOTE, fileName)
  const same = blob && withAssets(blob, PLACEHOLDER, PLACEHOLDER)
  const remade = same && replaceNote(GatheredBytes.of(template), NOTE, same, fileName)
  return remade?.toBuffer().equals(template) === true
}
