/** Which systems a package is for, by `os` and `cpu` of its package.json. */
import type { Architecture } from '../elf/elf-file.ts'

export interface PlatformFields {
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
}

/** Whether npm would install it on Linux on `arch`; true for one that names no system. */
export function fitsLinux({ os, cpu }: PlatformFields, arch: Architecture): boolean {
  return allows(os, 'linux') && allows(cpu, arch)
}

/** As npm reads such a list: names, or `!` and a name for all others. */
function allows(list: readonly string[] | undefined, name: string): boolean {
  if (list === undefined || list.length === 0 || list.includes('any')) {
    return true
  }
  return list.includes(name) || (list.every((item) => item.startsWith('!')) && !list.includes(`!${name}`))
}
