import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { markModules } from '../../../src/inspect/start/mark-modules.ts'
import type { ModuleSpan } from '../../../src/inspect/start/module-numbers.ts'

interface Run {
  readonly result: unknown
  /** `2`, `begin 3`, `end`. */
  readonly marks: readonly string[]
}

/** The wrapper as the build makes it; `texts` are modules, one behind the other. */
function run(texts: readonly string[], { open = '"use strict";', close = '' } = {}): Run {
  const head = `/*lambdabin 2*/(function (exports, require, module) {${open}\n`
  const spans: ModuleSpan[] = []
  let body = head
  for (const [number, text] of texts.entries()) {
    spans.push({ number, start: body.length, end: body.length + text.length })
    body += text
  }
  const script = `${body}${close}\n})`
  const marked = markModules(script, spans)
  const marks: string[] = []
  const globals = {
    __lambdabinMark: (module: number) => marks.push(`${module}`),
    __lambdabinBegin: (module: number) => marks.push(`begin ${module}`),
    __lambdabinEnd: () => marks.push('end'),
  }
  const evaluate = (text: string) => {
    const module = { exports: {} as Record<string, unknown> }
    const returned = runInNewContext(text, globals)(module.exports, undefined, module)
    return [module.exports, returned instanceof Promise]
  }
  const plain = evaluate(script)
  marks.length = 0
  const result = evaluate(marked)
  assert.deepEqual(JSON.stringify(result), JSON.stringify(plain), 'the marks change what it does')
  return { result, marks }
}

test('a mark stands where another module’s statements begin', () => {
  const { marks } = run(['var a = 1; a++;', 'if (a > 1) { exports.a = a }', 'exports.b = a; exports.c = 2;'])
  assert.deepEqual(marks, ['0', '1', '2'])
})

test('statements that the bundler has joined are told apart', () => {
  const { marks } = run(['var a=1,', 'b=[a],c=2;', 'exports.a=a,', 'exports.b=b,exports.c=c;'])
  assert.deepEqual(marks, ['0', '1', '2', '3'])
})

test('functions and classes keep the names that their variables give them', () => {
  const { result, marks } = run([
    'var a=1,',
    'Named=class{},fn=function(){},arrow=()=>{};',
    'exports.names=[Named.name,fn.name,arrow.name];',
  ])
  assert.match(JSON.stringify(result), /"names":\["Named","fn","arrow"\]/)
  assert.deepEqual(marks, ['0', '2'])
})

test('a module that is evaluated when something needs it begins and ends, whatever it throws', () => {
  const lazy = 'var lazy=(make,done)=>()=>(make&&(done=make(make=0)),done);'
  const common =
    'var common=(modules,module)=>()=>(module||(0,modules[Object.keys(modules)[0]])((module={exports:{}}).exports,module),module.exports);'
  const { marks } = run([
    `${lazy}${common}`,
    'var needed=common({"needed.js"(exports,module){"use strict";module.exports=function(){return this}()===undefined}});',
    'var outer=lazy(()=>{exports.strict=needed();function hoisted(){return 5}exports.five=hoisted()});',
    'var broken=common((exports)=>{throw new Error("no")});',
    'outer();outer();try{broken()}catch(error){exports.message=error.message}',
  ])
  assert.deepEqual(marks, ['0', '1', '2', '3', '4', 'begin 2', 'begin 1', 'end', 'end'])
})

test('a module that the bundler wraps as a bare function begins and ends too', () => {
  const { marks } = run([
    'var common=(make,module)=>()=>(module||make((module={exports:{}}).exports,module),module.exports);',
    'var needed=common((exports,module)=>{module.exports=7 // a comment at the end\n});',
    'exports.seven=needed();',
  ])
  assert.deepEqual(marks, ['0', '1', '2', 'begin 1', 'end'])
})

test('a wrapper with a function that awaits is entered', () => {
  const { marks } = run(['exports.a = 1; await null;', 'exports.b = 2;'], {
    open: 'return (async () => {',
    close: '})()',
  })
  assert.deepEqual(marks.slice(0, 1), ['0'])
})

test('what is no script is refused', () => {
  assert.throws(() => markModules('(function () {', []), SyntaxError)
})
