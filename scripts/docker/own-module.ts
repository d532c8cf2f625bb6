/** lambdabin's modules, for what runs in the image: their sources in a checkout, the compiled files in the npm package. */
import { existsSync } from 'node:fs'

const [FOLDER, ENDING] = existsSync(new URL('../../src/compiler', import.meta.url))
  ? ['../../src', 'ts']
  : ['../../lib', 'js']

/** `path` is from that folder, without the ending: `compiler/elf/elf-file`. It must load without any package. */
export function ownModule<Module>(path: string): Promise<Module> {
  return import(`${FOLDER}/${path}.${ENDING}`)
}
