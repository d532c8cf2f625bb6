/** Which systems a package is for, by `os` and `cpu` of its package.json. */
import type { Architecture } from '../elf/elf-file.ts'

export interface PlatformFields {
  readonly os?: readonly string[] | string
  readonly cpu?: readonly string[] | string
}

/** Whether npm would install it on Linux on `arch`; true for one that names no system. */
export function fitsLinux({ os, cpu }: PlatformFields, arch: Architecture): boolean {
  return allows(os, 'linux') && allows(cpu, arch)
}

/** As npm reads such a list, or the one item of it: names, or `!` and a name for all others. */
export function allows(list: readonly string[] | string | undefined, name: string): boolean {
  const names = [list ?? []].flat()
  const wanted = names.filter((each) => !each.startsWith('!'))
  return (
    !names.includes(`!${name}`) && (wanted.length === 0 || wanted.includes(name) || wanted.includes('any'))
  )
}
