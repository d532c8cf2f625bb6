/**
 * Writes what a deployment package is made of as CycloneDX 1.6, JSON: Node.js with its parts, lambdabin's runtime, and each npm
 * package that something of is in it.
 *
 * The document is the same for the same package: it tells no time, and its serial number comes from the zip.
 */
import { createHash } from 'node:crypto'
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library'
import { PackageURL } from 'packageurl-js'
import parseLicense from 'spdx-expression-parse'
import type { ContainedPackage, ContainedPackages } from './contained-packages.ts'
import type { LockedPackages } from './lock-file.ts'
import type { NodePart } from './node-parts.ts'

export interface BomContents {
  readonly name: string
  /** Of the project that the function is of; undefined where its package.json has none. */
  readonly version: string | undefined
  readonly zipSha256: Buffer
  readonly nodeVersion: string
  readonly nodeParts: readonly NodePart[]
  readonly contained: ContainedPackages
  readonly locked: LockedPackages
  /** The package.json files of lambdabin, and of the undici that its runtime has in it. */
  readonly runtime: { readonly lambdabin: Manifest; readonly undici: Manifest }
}

type Manifest = ContainedPackage['manifest']

const { Component } = Models
const { Library, Application, Platform } = Enums.ComponentType
/** What a property's name begins with, so that it is nobody else's. */
const OWN = 'lambdabin:'

const licenses = new Contrib.License.Factories.LicenseFactory(parseLicense)
const components = new Contrib.FromNodePackageJson.Builders.ComponentBuilder(
  new Contrib.FromNodePackageJson.Factories.ExternalReferenceFactory(),
  licenses,
)

/** The document's text, with its line break. */
export function renderBom(contents: BomContents): string {
  const bom = new Models.Bom({ serialNumber: serialNumber(contents.zipSha256) })
  const own = ownComponent(contents)
  const node = nodeComponent(contents)
  const runtime = runtimeComponent(contents)
  const packages = packageComponents(contents)
  bom.metadata.component = own
  bom.metadata.lifecycles.add(Enums.LifecyclePhase.Build)
  bom.metadata.tools.components.add(npmComponent(contents.runtime.lambdabin, Application))
  for (const component of [node, runtime, ...packages.values()]) {
    bom.components.add(component)
  }
  for (const component of [
    node,
    runtime,
    ...contents.contained.direct.flatMap((id) => packages.get(id) ?? []),
  ]) {
    own.dependencies.add(component.bomRef)
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6))
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`
}

/** A UUID of version 8, whose bits are its maker's choice: RFC 9562. */
function serialNumber(zipSha256: Buffer): string {
  const bytes = createHash('sha256').update('lambdabin sbom').update(zipSha256).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)]
  return `urn:uuid:${parts.join('-')}`
}

function ownComponent({ name, version, zipSha256 }: BomContents): Models.Component {
  const component = new Component(Application, name, {
    bomRef: `function:${name}`,
    ...(version && { version }),
  })
  component.hashes.set(Enums.HashAlgorithm['SHA-256'], zipSha256.toString('hex'))
  return component
}

function nodeComponent({ nodeVersion, nodeParts }: BomContents): Models.Component {
  const node = new Component(Platform, 'node', {
    ...{ version: nodeVersion, bomRef: `node@${nodeVersion}`, description: 'Node.js' },
    ...{ cpe: cpe('nodejs:node.js', nodeVersion), purl: purl('generic', undefined, 'node', nodeVersion) },
  })
  node.licenses.add(licenses.makeFromString('MIT'))
  node.externalReferences.add(
    new Models.ExternalReference(
      `https://nodejs.org/dist/v${nodeVersion}/`,
      Enums.ExternalReferenceType.Distribution,
    ),
  )
  for (const part of nodeParts) {
    const component = nodePartComponent(part, node)
    node.components.add(component)
    node.dependencies.add(component.bomRef)
  }
  return node
}

function nodePartComponent(part: NodePart, node: Models.Component): Models.Component {
  const { name, version, license } = part
  const component = new Component(Library, name, {
    ...{ version, bomRef: `${node.bomRef.value}/${name}@${version}` },
    purl: purl(part.purl.type, part.purl.namespace, name, version),
    ...(part.cpe !== undefined && { cpe: cpe(part.cpe, version) }),
  })
  if (license !== undefined) {
    component.licenses.add(licenses.makeFromString(license))
  }
  return component
}

function runtimeComponent({ runtime }: BomContents): Models.Component {
  const own = npmComponent(runtime.lambdabin, Library, 'runtime:')
  const undici = npmComponent(runtime.undici, Library, 'runtime:')
  own.components.add(undici)
  own.dependencies.add(undici.bomRef)
  own.properties.add(new Models.Property(`${OWN}part`, 'runtime'))
  return own
}

function packageComponents({ contained, locked }: BomContents): Map<string, Models.Component> {
  const made = new Map<string, Models.Component>()
  for (const [id, { manifest, isBundled, places }] of contained.packages) {
    const component = npmComponent(manifest, Library)
    addIntegrity(component, locked.get(id)?.integrity)
    if (isBundled) {
      component.properties.add(new Models.Property(`${OWN}part`, 'text'))
    }
    for (const place of places) {
      component.properties.add(new Models.Property(`${OWN}place`, place))
    }
    made.set(id, component)
  }
  for (const [id, { dependsOn }] of contained.packages) {
    for (const target of dependsOn) {
      const reference = made.get(target)?.bomRef
      if (reference !== undefined) {
        made.get(id)?.dependencies.add(reference)
      }
    }
  }
  return made
}

function npmComponent(manifest: Manifest, type: Enums.ComponentType, prefix = ''): Models.Component {
  const component = components.makeComponent({ ...manifest, engines: {} }, type)
  if (component === undefined) {
    throw new TypeError(`a package.json names no package: ${JSON.stringify(manifest.name)}`)
  }
  const version = manifest.version ?? ''
  component.bomRef.value = `${prefix}${manifest.name}@${version}`
  component.purl = purl('npm', component.group, component.name, version)
  for (const license of component.licenses) {
    license.acknowledgement = Enums.LicenseAcknowledgement.Declared
  }
  return component
}

/** As the lock file has it; several hashes stand with spaces between them. */
function addIntegrity(component: Models.Component, integrity: string | undefined): void {
  for (const one of integrity?.split(/\s+/) ?? []) {
    try {
      const [algorithm, hash] = Contrib.FromNodePackageJson.Utils.parsePackageIntegrity(one)
      component.hashes.set(algorithm, hash)
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw error // What is no hash that CycloneDX has is left out.
      }
    }
  }
}

function purl(type: string, namespace: string | undefined, name: string, version: string): string {
  return new PackageURL(type, namespace, name, version || undefined, undefined, undefined).toString()
}

/** CPE 2.3, with the punctuation of versions escaped: NISTIR 7695. */
function cpe(product: string, version: string): `cpe:2.3:${string}` {
  const escaped = version.replace(/[^\w.]/g, '\\$&')
  return `cpe:2.3:a:${product}:${escaped}:*:*:*:*:*:*:*`
}
