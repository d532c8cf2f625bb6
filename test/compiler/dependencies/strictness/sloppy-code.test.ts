/** Which modules count on not being in strict mode. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSloppy } from '../../../../src/compiler/dependencies/strictness/sloppy-code.ts'

for (const [what, code] of [
  // As in i18n-2.
  [
    'a variable that is not declared',
    'exports.find = (text) => { while ((match = /a/.exec(text))) { return match } }',
  ],
  // As in whois-json.
  [
    'one that is given a value as the module runs',
    "var util = require('util')\nlog = console.log, lookup = util",
  ],
  ['one of a loop', 'exports.sum = (list) => { for (each of list) { use(each) } }'],
  // As in precond.
  ['arguments.callee', 'exports.check = function () { return arguments.callee }'],
  ['with', 'exports.total = function (order) { with (order) { return price } }'],
  ['delete of a variable', 'var a = 1; delete a'],
] as const) {
  test(`${what} needs the other mode`, () => {
    assert.equal(isSloppy(code), true)
    assert.equal(isSloppy(`/* A licence. */\n'use strict';\n${code}`), false)
    assert.equal(isSloppy(`${code}\nexport {}`), false)
  })
}

for (const [what, code] of [
  ['in a function that asks for strict mode', "exports.a = function () { 'use strict'; b = 1; return b }"],
  // As in regenerator-runtime.
  ['that is tried', 'try { runtime = exports; use(runtime) } catch {}'],
  // As in core-js.
  ['that is asked for before', '"number" == typeof __g && (__g = exports); use(__g)'],
  // As in js-base64, for Meteor.
  ['that nothing reads, and may not be run', 'if (global.Meteor) { Base64 = exports }'],
  [
    'that is a parameter, or declared further down',
    'module.exports = function (a) { a = b; b = c = 1; var [{ b }, ...c] = a }',
  ],
  ['of Node.js', 'process = null; exports = module.exports = { process }'],
] as const) {
  test(`a variable ${what} does not`, () => {
    assert.equal(isSloppy(code), false)
  })
}
