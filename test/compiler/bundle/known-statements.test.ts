import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KnownStatements } from '../../../src/compiler/bundle/known-statements.ts'
import type { AnyNode } from '../../../src/compiler/syntax-tree.ts'

const LONG = 'a long text, for statements that are short are read anew each time'

/** What kind each statement is, and the statements that were read. */
function reader() {
  const read: string[] = []
  let code = ''
  const statements = new KnownStatements((statement: AnyNode) => {
    read.push(code.slice(statement.start, statement.end))
    return statement.type as string
  })
  return (text: string, around = '') => {
    code = text
    read.length = 0
    const whole = around + text + around
    const found = statements.read(whole, { start: around.length, end: around.length + text.length })
    return { found: found?.map(({ start, fact }) => [start - around.length, fact]), read: [...read] }
  }
}

const FUNCTION = `function find() { return '${LONG}' }`
const VARIABLE = `var total = '${LONG}', rate = /[/;]"/.exec(\`\${total} }\`);`

test('a statement that was read before is not read again, and stands where it stands', () => {
  const read = reader()
  const first = read(`${FUNCTION}\n${VARIABLE}find();`)
  assert.deepEqual(first.read, [FUNCTION, VARIABLE, 'find();'])
  const second = read(`var other = 1;\n ${VARIABLE} // why\n/f[(]/.exec(other);${FUNCTION}`, '})')
  assert.deepEqual(second.read, ['var other = 1;'].concat('/f[(]/.exec(other);'))
  assert.deepEqual(second.found, [
    [0, 'VariableDeclaration'],
    [16, 'VariableDeclaration'],
    [16 + VARIABLE.length + 8, 'ExpressionStatement'],
    [16 + VARIABLE.length + 8 + '/f[(]/.exec(other);'.length, 'FunctionDeclaration'],
  ])
})

test('what a statement may go on with belongs to it, although the rest is known', () => {
  const read = reader()
  const condition = `if (find) find('${LONG}');`
  const assignment = `total = '${LONG}'`
  read(`${condition}\n${assignment}`)
  const both = read(`${condition} else find()\n${assignment} + 1`)
  assert.deepEqual(both.read, [`${condition} else find()`, `${assignment} + 1`])
})

test('two that begin alike are told apart', () => {
  const read = reader()
  const [one, other] = [`var a = '${LONG} 1';`, `let c = '${LONG} 1', b = () => {};`]
  const third = `var a = '${LONG} 2';`
  read(one + other)
  assert.deepEqual(read(other + third).read, [third])
  assert.deepEqual(read(third + one + other).read, [])
})

test('what only a script may say is read as one, and what is neither not at all', () => {
  const read = reader()
  const sloppy = `with (find) { total('${LONG}') }`
  assert.deepEqual(
    read(`${VARIABLE}${sloppy}`).found?.map(([, type]) => type),
    ['VariableDeclaration', 'WithStatement'],
  )
  assert.equal(read(`${VARIABLE} }`).found, undefined)
  assert.equal(read('var 1').found, undefined)
})

test('all are forgotten before they are too many', () => {
  const read = reader()
  const huge = (name: string) => `var ${name.repeat(60)} = '${'x'.repeat(9_000_000)}';`
  read(FUNCTION)
  read(huge('a'))
  assert.deepEqual(read(FUNCTION).read, [])
  read(huge('b'))
  assert.deepEqual(read(FUNCTION).read, [FUNCTION])
})
