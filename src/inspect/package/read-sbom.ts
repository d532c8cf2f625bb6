/** Reads back the software bill of materials that `lambdabin build --sbom` has written beside a package. */
import { readFile } from 'node:fs/promises'
import { sbomPlace } from '../../compiler/sbom/sbom-place.ts'

export interface InspectedSbom {
  readonly file: string
  /** Of CycloneDX: `1.6`. */
  readonly specVersion: string
  /** Whether it was written for this very zip; `null` where there is only a folder. */
  readonly isOfThisZip: boolean | null
  /** Parts of parts too, each behind the one that it is in. */
  readonly components: readonly SbomComponent[]
}

export interface SbomComponent {
  /** With its group: `@smithy/core`. */
  readonly name: string
  readonly version: string | null
  readonly purl: string | null
  /** SPDX identifiers and expressions, or names. */
  readonly licenses: readonly string[]
  /** `sha512-` and hexadecimal digits. */
  readonly hashes: readonly string[]
  /** What it is in: `node@24.21.0`. */
  readonly partOf: string | null
}

interface WrittenComponent {
  readonly name?: string
  readonly group?: string
  readonly version?: string
  readonly purl?: string
  readonly 'bom-ref'?: string
  readonly licenses?: readonly { license?: { id?: string; name?: string }; expression?: string }[]
  readonly hashes?: readonly { alg?: string; content?: string }[]
  readonly components?: readonly WrittenComponent[]
}

interface WrittenBom {
  readonly bomFormat?: string
  readonly specVersion?: string
  readonly metadata?: { readonly component?: WrittenComponent }
  readonly components?: readonly WrittenComponent[]
}

/** Of the package at `path`, with the hash that Lambda tells of its zip; undefined where there is no such document. */
export async function readSbom(
  path: string,
  codeSha256: string | undefined,
): Promise<InspectedSbom | undefined> {
  const file = sbomPlace(path)
  const bom = await readFile(file, 'utf8')
    .then((text) => JSON.parse(text) as WrittenBom)
    .catch(() => undefined)
  if (bom?.bomFormat !== 'CycloneDX') {
    return undefined
  }
  const own = bom.metadata?.component?.hashes?.find(({ alg }) => alg === 'SHA-256')?.content
  return {
    file,
    specVersion: bom.specVersion ?? 'of an unknown version',
    isOfThisZip: codeSha256 === undefined ? null : own === Buffer.from(codeSha256, 'base64').toString('hex'),
    components: (bom.components ?? []).flatMap((component) => readComponent(component, null)),
  }
}

function readComponent(written: WrittenComponent, partOf: string | null): SbomComponent[] {
  const {
    name = '',
    group,
    version = null,
    purl = null,
    licenses = [],
    hashes = [],
    components = [],
  } = written
  const own = {
    name: group === undefined ? name : `${group}/${name}`,
    version,
    purl,
    licenses: licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? ''),
    hashes: hashes.map(({ alg = '', content = '' }) => `${alg.toLowerCase().replace('-', '')}-${content}`),
    partOf,
  }
  return [own, ...components.flatMap((each) => readComponent(each, `${own.name}@${version ?? ''}`))]
}
