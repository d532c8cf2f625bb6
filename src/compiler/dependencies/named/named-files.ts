/** Files of a package that one of its other files names: a `.proto` what it imports, a schema what it includes. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { packageFolder } from '../package-of-file.ts'

const NAMES_FILES = /\.(?:proto|xsd|wsdl|xslt?|graphql|gql|ya?ml|json)$/
const NAMED = /["']([\w@.-][\w@./-]*\.(?:proto|xsd|wsdl|xslt?|graphql|gql|ya?ml|json))["']/g

/** Absolute paths of what `files` name, and what that does. */
export function findNamedFiles(files: readonly string[]): string[] {
  const found = new Set(files)
  for (const file of found) {
    const root = NAMES_FILES.test(file) ? packageFolder(file) : undefined
    const text = root === undefined ? '' : textOf(file)
    for (const [, name = ''] of text.matchAll(NAMED)) {
      // Beside it, or from a folder around it, as protobuf has it.
      for (
        let folder = dirname(file);
        root !== undefined && folder.startsWith(root);
        folder = dirname(folder)
      ) {
        const path = join(folder, name)
        if (path.startsWith(root) && existsSync(path)) {
          found.add(path)
          break
        }
      }
    }
  }
  return [...found].slice(files.length)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // A folder that is called so.
  }
}
