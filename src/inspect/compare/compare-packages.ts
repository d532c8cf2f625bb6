/** What two packages have that is not the same. */
import type { Inspection } from '../package/inspection.ts'
import { OWN_CODE } from '../package/part-names.ts'
import { type PartChange, partChanges, partSizes } from './part-sizes.ts'

export interface PackageComparison {
  /** In bytes of the zip, the largest first. */
  readonly changes: readonly PartChange[]
  /** Packages in the function's text whose versions are not the same; none where it is not there. */
  readonly packages: readonly {
    readonly name: string
    readonly before: readonly string[]
    readonly now: readonly string[]
  }[]
}

export function comparePackages(before: Inspection, now: Inspection): PackageComparison {
  const [was, is] = [before, now].map(
    ({ packages }) => new Map(packages.map(({ name, versions }) => [name, versions] as const)),
  ) as [Map<string, readonly string[]>, Map<string, readonly string[]>]
  const names = [...new Set([...was.keys(), ...is.keys()])].filter((name) => name !== OWN_CODE).sort()
  return {
    changes: partChanges(partSizes(before.parts), partSizes(now.parts)),
    packages: names
      .map((name) => ({ name, before: was.get(name) ?? [], now: is.get(name) ?? [] }))
      .filter(({ before: left, now: right }) => left.join() !== right.join()),
  }
}
