import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readLockedPackages } from '../../../src/compiler/sbom/lock-file.ts'
import { temporaryFolder } from '../../support/emulator/fixture-package.ts'

const ONE = 'sha512-b25l'
const TWO = 'sha512-dHdv'

for (const [name, text] of [
  [
    'package-lock.json',
    JSON.stringify({
      lockfileVersion: 3,
      packages: {
        '': { name: 'project', version: '1.0.0' },
        'node_modules/zod': { version: '4.6.7', integrity: ONE },
        'node_modules/a/node_modules/@scope/name': { version: '1.2.3-rc.1', integrity: TWO },
        'node_modules/alias': { name: 'real', version: '2.0.0', integrity: TWO },
        'node_modules/linked': { resolved: 'packages/linked', link: true },
      },
    }),
  ],
  [
    'pnpm-lock.yaml',
    `lockfileVersion: '9.0'
packages:
  zod@4.6.7:
    resolution: {integrity: ${ONE}}
  '@scope/name@1.2.3-rc.1(zod@4.6.7)':
    resolution: {integrity: ${TWO}}
  real@2.0.0:
    resolution: {integrity: ${TWO}}
`,
  ],
  [
    'yarn.lock',
    `# yarn lockfile v1

zod@^4.0.0, zod@^4.6.0:
  version "4.6.7"
  resolved "https://registry.example/zod/-/zod-4.6.7.tgz#abc"
  integrity ${ONE}

"@scope/name@^1.2.3-rc.0":
  version "1.2.3-rc.1"
  integrity ${TWO}
  dependencies:
    zod "^4.0.0"

real@2:
  version "2.0.0"
  integrity ${TWO}
`,
  ],
  [
    'bun.lock',
    `{
  "lockfileVersion": 1,
  "packages": {
    "zod": ["zod@4.6.7", "", {}, "${ONE}"],

    "@scope/name": ["@scope/name@1.2.3-rc.1", "", { "dependencies": { "zod": "^4.0.0" } }, "${TWO}"],

    "alias": ["real@2.0.0", "", {}, "${TWO}"],
  }
}
`,
  ],
] as const) {
  test(`the integrity of packages is that of ${name}, found from a folder below it`, async (t) => {
    const folder = temporaryFolder(t)
    mkdirSync(join(folder, 'src', 'functions'), { recursive: true })
    writeFileSync(join(folder, name), text)
    const locked = await readLockedPackages(join(folder, 'src', 'functions'))
    assert.deepEqual([...locked].map(([id, { integrity }]) => [id, integrity]).sort(), [
      ['@scope/name@1.2.3-rc.1', TWO],
      ['real@2.0.0', TWO],
      ['zod@4.6.7', ONE],
    ])
  })
}

test('a lock file that cannot be read, or of the format 1, tells nothing, and is no error', async (t) => {
  for (const text of ['no JSON', '{"lockfileVersion":1,"dependencies":{}}', 'null']) {
    const folder = temporaryFolder(t)
    writeFileSync(join(folder, 'package-lock.json'), text)
    assert.deepEqual([...(await readLockedPackages(folder))], [])
  }
})
