/** Makes one HTML file of an inspection: with all that it needs in it, so that it asks nobody for anything. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OWN_FOLDER } from '../../compiler/source-files.ts'
import type { Inspection } from '../package/inspection.ts'
import type { StartMeasurement } from '../start/measure-start.ts'
import type { Hint } from './hints.ts'

export interface PageContents {
  readonly inspection: Inspection
  readonly start?: StartMeasurement | undefined
  readonly hints: readonly Hint[]
}

const FOLDER = join(OWN_FOLDER, 'page', 'inspect')

export async function renderPage(contents: PageContents): Promise<string> {
  const [page = '', style = '', script = ''] = await Promise.all(
    ['page.html', 'page.css', 'page.js'].map((file) => readFile(join(FOLDER, file), 'utf8')),
  )
  const title = `${contents.inspection.name}: lambdabin inspect`
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
  // Within a script element, "<" could end it, or begin a comment.
  const data = JSON.stringify(contents).replaceAll('<', '\\u003c')
  const inlined: readonly (readonly [file: string, own: string])[] = [
    ['<title>lambdabin inspect</title>', `<title>${title}</title>`],
    ['<link rel="stylesheet" href="page.css">', `<style>\n${style}</style>`],
    [
      '<script id="data" type="application/json">null</script>',
      `<script id="data" type="application/json">${data}</script>`,
    ],
    ['<script src="page.js"></script>', `<script>\n${script}</script>`],
  ]
  return inlined.reduce((text, [file, own]) => text.replace(file, () => own), page)
}
