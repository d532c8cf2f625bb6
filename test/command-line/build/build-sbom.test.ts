import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { after, test } from 'node:test'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import type { Inspection } from '../../../src/inspect/package/inspection.ts'
import { runLambdabin } from '../../support/projects/command.ts'

interface Component {
  readonly name: string
  readonly group?: string
  readonly version?: string
  readonly purl?: string
  readonly cpe?: string
  readonly 'bom-ref': string
  readonly licenses?: readonly { license?: { id?: string; name?: string }; expression?: string }[]
  readonly hashes?: readonly { alg: string; content: string }[]
  readonly components?: readonly Component[]
  readonly properties?: readonly { name: string; value: string }[]
}

interface Bom {
  readonly specVersion: string
  readonly serialNumber: string
  readonly metadata: { readonly component: Component; readonly timestamp?: string }
  readonly components: readonly Component[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[]
}

const INTEGRITY = createHash('sha512').update('the archive').digest()

const project = mkdtempSync(join(tmpdir(), 'lambdabin-test-'))
after(() => rmSync(project, { recursive: true, force: true }))

/** Packages as there are: scoped, with expressions and names for licences, of the old form, one in two versions. */
const FILES: Readonly<Record<string, string>> = {
  'package.json': '{"name":"shop","version":"2.3.4","type":"module"}',
  'package-lock.json': JSON.stringify({
    lockfileVersion: 3,
    packages: {
      'node_modules/@scope/text': { version: '1.0.0', integrity: `sha512-${INTEGRITY.toString('base64')}` },
    },
  }),
  'orders.ts': `import { text } from '@scope/text'
import { beside } from 'beside'
import { Worker } from 'node:worker_threads'
export const handler = async () => [text(), beside(), typeof new Worker(new URL('./thread.ts', import.meta.url))]
`,
  'thread.ts': `import { threaded } from 'threaded'
console.log(threaded())
`,
  ...packageFiles('@scope/text', '1.0.0', '"license":"(MIT OR Apache-2.0)"', {
    'index.js': `import { twice } from 'twice'\nexport const text = () => [twice()]`,
  }),
  ...packageFiles('@scope/text/node_modules/twice', '1.0.0', '"licenses":[{"type":"BSD-3-Clause"}]', {
    'index.js': 'export const twice = () => Date.now() + 1',
  }),
  ...packageFiles('twice', '2.0.0', '"license":"SEE LICENSE IN LICENSE.txt"', {
    'index.js': 'export const twice = () => Date.now() + 2',
  }),
  ...packageFiles('beside', '3.0.0-beta.1', '"license":"ISC","dependencies":{"twice":"^2.0.0"}', {
    'index.js': `export { twice as beside } from 'twice'`,
  }),
  ...packageFiles('threaded', '0.1.0', '"license":"MIT"', {
    'index.js': 'export const threaded = () => Date.now() + 3',
  }),
  ...packageFiles('unused', '9.9.9', '"license":"MIT"', {
    'index.js': 'export const unused = () => Date.now() + 4',
  }),
}

function packageFiles(place: string, version: string, more: string, files: Record<string, string>) {
  const name = place.slice(place.includes('node_modules/') ? place.lastIndexOf('node_modules/') + 13 : 0)
  const manifest = `{"name":"${name}","version":"${version}","type":"module","main":"index.js",${more}}`
  return Object.fromEntries(
    Object.entries({ 'package.json': manifest, ...files }).map(([file, text]) => [
      `node_modules/${place}/${file}`,
      text,
    ]),
  )
}

for (const [file, text] of Object.entries(FILES)) {
  mkdirSync(dirname(join(project, file)), { recursive: true })
  writeFileSync(join(project, file), text)
}

const building = runLambdabin(['build', 'orders.ts', '--sbom', '--external', 'beside', '--json'], {
  cwd: project,
})
const path = (file: string) => join(project, 'dist', file)
const readBom = async (): Promise<Bom> => {
  const { status, stderr } = await building
  assert.equal(status, 0, stderr)
  return JSON.parse(readFileSync(path('orders.cdx.json'), 'utf8'))
}
const id = ({ group, name, version }: Component) =>
  `${group === undefined ? '' : `${group}/`}${name}@${version}`

test('the document is beside the zip, told by the report, and valid by CycloneDX’s own schema', async () => {
  const bom = await readBom()
  const [{ sbom }] = JSON.parse((await building).stdout).functions
  assert.equal(sbom, path('orders.cdx.json'))
  const text = readFileSync(sbom, 'utf8')
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
  assert.equal(await validator.validate(text), null)
  assert.notEqual(
    await validator.validate(text.replace('"bomFormat": "CycloneDX"', '"bomFormat": "other"')),
    null,
    'the validator validates',
  )
  assert.equal(bom.specVersion, '1.6')
})

test('it tells of each package in the text, in a worker and beside the executable, and of no other', async () => {
  const { components } = await readBom()
  assert.deepEqual(components.map(id).sort(), [
    '@scope/text@1.0.0',
    'beside@3.0.0-beta.1',
    `lambdabin@${JSON.parse(readFileSync('package.json', 'utf8')).version}`,
    `node@${process.versions.node}`,
    'threaded@0.1.0',
    'twice@1.0.0',
    'twice@2.0.0',
  ])
  const find = (name: string) => components.find((component) => id(component) === name)
  const text = find('@scope/text@1.0.0')
  assert.equal(text?.purl, 'pkg:npm/%40scope/text@1.0.0')
  assert.deepEqual(text?.licenses?.[0]?.expression, '(MIT OR Apache-2.0)')
  assert.deepEqual(text?.hashes, [{ alg: 'SHA-512', content: INTEGRITY.toString('hex') }])
  assert.deepEqual(find('twice@1.0.0')?.licenses?.[0]?.license?.id, 'BSD-3-Clause')
  assert.deepEqual(find('twice@2.0.0')?.licenses?.[0]?.license?.name, 'SEE LICENSE IN LICENSE.txt')
  assert.deepEqual(find('beside@3.0.0-beta.1')?.properties, [
    { name: 'lambdabin:place', value: 'node_modules/beside' },
  ])
})

test('it tells of Node.js and its parts, for scanners by CPE, and of the runtime with its undici', async () => {
  const { components } = await readBom()
  const node = components.find(({ name }) => name === 'node')
  const parts = new Map(node?.components?.map(({ name, version, cpe }) => [name, [version, cpe]]))
  assert.equal(node?.cpe, `cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:*:*:*:*`)
  const { openssl } = process.versions
  assert.deepEqual(parts.get('openssl'), [openssl, `cpe:2.3:a:openssl:openssl:${openssl}:*:*:*:*:*:*:*`])
  for (const name of ['v8', 'icu', 'zlib', 'undici', 'libuv']) {
    assert.ok(parts.has(name), name)
  }
  const runtime = components.find(({ name }) => name === 'lambdabin')
  const { version } = JSON.parse(readFileSync('node_modules/undici/package.json', 'utf8'))
  assert.deepEqual(runtime?.components?.map(id), [`undici@${version}`])
})

test('it tells what needs what', async () => {
  const { dependencies, metadata } = await readBom()
  const of = (ref: string) => dependencies.find((each) => each.ref === ref)?.dependsOn ?? []
  assert.deepEqual(id(metadata.component), 'orders@2.3.4')
  assert.ok(of(metadata.component['bom-ref']).includes('@scope/text@1.0.0'))
  assert.ok(of(metadata.component['bom-ref']).includes('beside@3.0.0-beta.1'))
  assert.deepEqual(of('@scope/text@1.0.0'), ['twice@1.0.0'])
  assert.deepEqual(of('beside@3.0.0-beta.1'), ['twice@2.0.0'])
})

test('it is of its zip, tells no time, and is the same for the same zip', async () => {
  const bom = await readBom()
  const hash = createHash('sha256')
    .update(readFileSync(path('orders.zip')))
    .digest('hex')
  assert.deepEqual(bom.metadata.component.hashes, [{ alg: 'SHA-256', content: hash }])
  assert.equal(bom.metadata.timestamp, undefined)
  const text = readFileSync(path('orders.cdx.json'), 'utf8')
  assert.ok(!text.includes(project), 'a path of this machine')
  const { status } = await runLambdabin(['build', 'orders.ts', '--sbom', '--external', 'beside'], {
    cwd: project,
  })
  assert.equal(status, 0)
  assert.equal(readFileSync(path('orders.cdx.json'), 'utf8'), text)
})

test('inspect reads it back, and says when it is another zip’s', async () => {
  await readBom()
  const inspect = async (): Promise<Inspection> => {
    const { stdout, stderr } = await runLambdabin(['inspect', path('orders.zip'), '--json'])
    assert.equal(stderr, '')
    return JSON.parse(stdout)
  }
  const { sbom } = await inspect()
  assert.deepEqual([sbom?.specVersion, sbom?.isOfThisZip], ['1.6', true])
  const twice = sbom?.components.find(({ purl }) => purl === 'pkg:npm/twice@1.0.0')
  assert.deepEqual([twice?.licenses, twice?.partOf], [['BSD-3-Clause'], null])
  assert.ok(sbom?.components.some(({ name, partOf }) => name === 'openssl' && partOf?.startsWith('node@')))
  const text = readFileSync(path('orders.cdx.json'), 'utf8')
  writeFileSync(
    path('orders.cdx.json'),
    text.replace(/"content": "[0-9a-f]{64}"/, `"content": "${'0'.repeat(64)}"`),
  )
  assert.equal((await inspect()).sbom?.isOfThisZip, false)
})

test('without the option there is none', async () => {
  await readBom()
  const { status } = await runLambdabin(['build', 'orders.ts', '--out-dir', 'other'], { cwd: project })
  assert.equal(status, 0)
  assert.ok(!existsSync(join(project, 'other', 'orders.cdx.json')))
})
