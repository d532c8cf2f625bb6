/** The commands of the documentation: what its `sh` blocks say. */

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from './source-imports.ts'

export interface DocumentedCommand {
  /** `docs/inspect.md` */
  readonly page: string
  /** Which block of the page it is in, from 0. */
  readonly block: number
  /** In one line, without its comment. */
  readonly command: string
}

export function documentedCommands(): readonly DocumentedCommand[] {
  const pages = globSync(['*.md', 'docs/*.md'], { cwd: PROJECT }).toSorted()
  return pages.flatMap((page) => {
    const blocks = [...readFileSync(join(PROJECT, page), 'utf8').matchAll(/^```sh\n(.*?)^```$/gms)]
    return blocks.flatMap(([, text = ''], block) =>
      commandsIn(text).map((command) => ({ page, block, command })),
    )
  })
}

function commandsIn(text: string): string[] {
  return text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/\s+#\s.*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** The TypeScript of the block that begins with the comment `// <path>`, on a page. */
export function documentedFile(page: string, path: string): string {
  const text = readFileSync(join(PROJECT, page), 'utf8')
  const found = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].find(([, code]) =>
    code?.startsWith(`// ${path}\n`),
  )
  if (found?.[1] === undefined) {
    throw new Error(`${page} should have a block of TypeScript that begins with // ${path}; there is none`)
  }
  return found[1]
}
