/** What modules do that only hand on what others have, in packages that say of themselves that they do nothing: Node.js does it. */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleFunction } from '../../../../src/compiler/bundle/bundle-function.ts'
import { temporaryFolder } from '../../../support/emulator/fixture-package.ts'
import { writeFiles } from '../../../support/projects/files.ts'
import { loadBundle } from '../../../support/projects/loaded-bundle.ts'

const CHOICE = { minify: false, bundled: [], externals: [] }
/** As zod is until 4.6, with an index before what configures. */
const SCHEMA = {
  'package.json': {},
  'node_modules/schema/package.json': { name: 'schema', type: 'module', sideEffects: false },
  'node_modules/schema/index.js':
    "import * as s from './all.js'\nexport * from './all.js'\nexport { s }\nexport default s",
  'node_modules/schema/all.js':
    "export * from './text.js'\nexport * from './unused.js'\nimport { configure } from './text.js'\nimport messages from './messages.js'\nconfigure(messages())",
  'node_modules/schema/messages.js': "export default () => ({ text: 'a message' })",
  'node_modules/schema/text.js':
    "let messages = {}\nexport const text = () => messages.text ?? 'invalid'\nexport const configure = (all) => void (messages = all)",
  'node_modules/schema/unused.js': "export const unused = () => 'nobody uses this'",
  'node_modules/user/package.json': { name: 'user', type: 'module', main: 'index.js' },
  'node_modules/user/index.js': "import { text } from 'schema'\nexport const said = () => text()",
}

for (const [how, entry] of [
  ['all of it', "import * as s from 'schema'\nexport const handler = () => s.text()"],
  ['a name', "import { text } from 'schema'\nexport const handler = () => text()"],
  ['a name for all of it', "import { s } from 'schema'\nexport const handler = () => s.text()"],
  ['its default', "import s from 'schema'\nexport const handler = () => s.text()"],
  ['another package that does', "import { said } from 'user'\nexport const handler = () => said()"],
  [
    'itself and another package',
    "import { said } from 'user'\nimport * as s from 'schema'\nexport const handler = () => said() && s.text()",
  ],
] as const) {
  test(`a function that imports ${how} has what the package does for itself, and no more of it`, async (t) => {
    const folder = writeFiles(temporaryFolder(t), { ...SCHEMA, 'entry.ts': entry })
    const bundle = await bundleFunction(join(folder, 'entry.ts'), CHOICE)
    const { exports } = await loadBundle(bundle)
    assert.equal((await exports).handler(), 'a message')
    const text = [bundle.entry, ...bundle.chunks].map(({ code }) => String(code)).join('')
    assert.doesNotMatch(text, /nobody uses this/)
  })
}

test('what is handed on name by name is not followed: behind one of the names is all of such a package', async (t) => {
  const folder = writeFiles(temporaryFolder(t), {
    'package.json': {},
    'node_modules/dash/package.json': { name: 'dash', type: 'module', sideEffects: false },
    'node_modules/dash/index.js':
      "export { default as add } from './add.js'\nexport { default } from './all.js'",
    'node_modules/dash/add.js': 'export default (a, b) => a + b',
    'node_modules/dash/all.js':
      "import add from './add.js'\nimport mixin from './mixin.js'\nconst dash = {}\nmixin(dash, add)\nexport default dash",
    'node_modules/dash/mixin.js': "export default (to, add) => { to.add = add; to.made = 'all of it' }",
    'entry.ts': "import { add } from 'dash'\nexport const handler = () => add(1, 2)",
  })
  const bundle = await bundleFunction(join(folder, 'entry.ts'), CHOICE)
  const { exports } = await loadBundle(bundle)
  assert.equal((await exports).handler(), 3)
  assert.doesNotMatch(String(bundle.entry.code), /all of it/)
})
