/** Modules for CommonJS and AMD alike, whose `require` is a parameter. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runOwnModule } from '../../support/projects/own-module-run.ts'

/** As TypeScript makes it. */
const umd = (names: string[], body: string) => `
  (function (factory) {
    if (typeof module === "object" && typeof module.exports === "object") {
      var v = factory(require, exports);
      if (v !== undefined) module.exports = v;
    }
    else if (typeof define === "function" && define.amd) {
      define(${JSON.stringify(['require', 'exports', ...names])}, factory);
    }
  })(function (require, exports) {
    "use strict";
    Object.defineProperty(exports, "__esModule", { value: true });
    ${body}
  });`

test('what a module of UMD requires of its own and of others is bundled', async (t) => {
  const { result, files } = await runOwnModule(t, {
    'src/orders.ts': "import { parse } from 'parser'\nexport const handler = () => parse('a')",
    'node_modules/parser/package.json': {
      name: 'parser',
      main: 'lib/umd/main.js',
      dependencies: { scanner: '1' },
    },
    'node_modules/parser/lib/umd/main.js': umd(
      ['./impl/format', 'scanner'],
      'var format = require("./impl/format"), scanner = require("scanner"); exports.parse = function (text) { return format.upper(scanner.scan(text)) }',
    ),
    'node_modules/parser/lib/umd/impl/format.js': umd(
      ['./upper'],
      'var upper = require("./upper"); exports.upper = (text) => upper.upper(text)',
    ),
    'node_modules/parser/lib/umd/impl/upper.js': umd([], 'exports.upper = (text) => text.toUpperCase()'),
    'node_modules/scanner/package.json': { name: 'scanner' },
    'node_modules/scanner/index.js': "exports.scan = (text) => text + '!'",
  })
  assert.equal(result, 'A!')
  assert.deepEqual(files, [])
})
