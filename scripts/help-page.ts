/**
 * Writes what the commands' `--help` prints into docs/command-line.md:
 *
 *     npm run help-page
 */

import { fileURLToPath } from 'node:url'
import { COMMAND_HELP, HELP } from '../src/command-line/help.ts'
import { type Markers, writeSection } from './bench/written-sections.ts'

export const HELP_MARKERS: Markers = {
  start: '<!-- made by npm run help-page -->',
  end: '<!-- end of what npm run help-page makes -->',
}

const PAGE = fileURLToPath(new URL('../docs/command-line.md', import.meta.url))

/** The page's part that is made of the help. */
export function renderHelp(): string {
  return Object.entries({ lambdabin: HELP, ...COMMAND_HELP })
    .map(([name, help]) => `## ${name}\n\n\`\`\`\n${help}\`\`\``)
    .join('\n\n')
}

if (import.meta.main) {
  writeSection(PAGE, renderHelp(), HELP_MARKERS)
}
