/** The compiler's modules, for what runs in the image: their sources in a checkout, the compiled files in the npm package. */
import { existsSync } from 'node:fs'

const [FOLDER, ENDING] = existsSync(new URL('../../src/compiler', import.meta.url))
  ? ['../../src/compiler', 'ts']
  : ['../../lib/compiler', 'js']

/** `path` is from the compiler's folder, without the ending: `elf/elf-file`. */
export function compilerModule<Module>(path: string): Promise<Module> {
  return import(`${FOLDER}/${path}.${ENDING}`)
}
