/**
 * Functions that carry 10 MB of code that no invocation uses, to see what a package's size costs: none, a library behind
 * an `import()` that is never reached, and a library that initialises and whose functions are never called. The code is
 * generated, the same each time.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transform } from 'esbuild'

export const GROWTH_KINDS = [
  { id: 'none', name: 'none' },
  { id: 'unreached', name: '10 MB behind an import() that is not reached' },
  { id: 'uncalled', name: '10 MB that initialise, whose functions are not called' },
] as const

export type GrowthKind = (typeof GROWTH_KINDS)[number]['id']

const WORDS =
  'account address amount batch billing bucket cache channel charge client column config context counter credit currency customer cursor delivery device discount document domain endpoint entry event field filter folder format gateway group handler header health history image index input invoice item journal key label ledger level limit line link list loader locale market member merge message meter method metric model module notice number object offer offset option order output owner packet page parser payment period plan policy price process product profile promise prompt query queue quota rate reader reason record refund region report request result retry route rule sample scale schema scope section segment sender series server service session shape shipment signal snapshot source stage status store stream subject summary table tag target task tenant ticket token topic trace transfer tree trigger type update upload user value vendor version view voucher wallet window worker writer zone'.split(
    ' ',
  )

/** Writes the three entries into `folder`. Returns their paths, and the bytes of the library once it is minified. */
export async function writeGrowthFunctions(
  folder: string,
  megabytes = 10,
): Promise<{ entries: Record<GrowthKind, string>; bytes: number }> {
  const library = join(folder, 'library')
  mkdirSync(library)
  const { modules, bytes } = await generateModules(megabytes * 1e6)
  for (const [index, source] of modules.entries()) {
    writeFileSync(join(library, `part-${index}.js`), source)
  }
  writeFileSync(join(library, 'registry.js'), 'export const registry = new Map()\n')
  const imports = modules.map((_, index) => `import './part-${index}.js'\n`).join('')
  writeFileSync(
    join(library, 'index.js'),
    `${imports}export const call = (name, input) => registry.get(name)(input)\nimport { registry } from './registry.js'\n`,
  )
  const entries = {
    none: writeEntry(folder, 'none', '', ''),
    unreached: writeEntry(
      folder,
      'unreached',
      '',
      `if (event.call) return (await import('./library/index.js')).call(event.call, event)`,
    ),
    uncalled: writeEntry(
      folder,
      'uncalled',
      `import { call } from './library/index.js'`,
      'if (event.call) return call(event.call, event)',
    ),
  }
  return { entries, bytes }
}

/** The echo function, as any runtime can run it, with more in it. */
function writeEntry(folder: string, name: GrowthKind, imports: string, before: string): string {
  const file = join(folder, `${name}.js`)
  writeFileSync(
    file,
    `${imports}
export const handler = async (event, context) => {
  ${before}
  return {
    requestId: context.awsRequestId,
    deadline: Date.now() + context.getRemainingTimeInMillis(),
    functionArn: context.invokedFunctionArn,
    traceId: process.env._X_AMZN_TRACE_ID,
    event,
  }
}
`,
  )
  return file
}

async function generateModules(bytesWanted: number): Promise<{ modules: string[]; bytes: number }> {
  const random = randomNumbers(20_181_203)
  const modules: string[] = []
  let bytes = 0
  while (bytes < bytesWanted) {
    const source = generateModule(random, modules.length)
    const { code } = await transform(source, { minify: true, format: 'esm' })
    bytes += Buffer.byteLength(code)
    modules.push(source)
  }
  return { modules, bytes }
}

/** About 90 kB: a table, functions that call each other, and a class, as a library's module has them. */
function generateModule(random: (below: number) => number, index: number): string {
  const word = () => WORDS[random(WORDS.length)] ?? ''
  const phrase = (length: number) => Array.from({ length }, word).join(' ')
  const names = Array.from({ length: 110 }, (_, place) => `${word()}_${word()}_${index}_${place}`)
  const anyName = () => names[random(names.length)]
  const functions = names.map((name) => generateFunction(name, anyName(), word, phrase, random))
  const methods = names.slice(0, 40).map(
    (name) => `  ${name}(${word()}) {
    if (!this.${word()}) return ${anyName()}({ ${word()}s: [this.${word()}] }, this.options)
    return '${phrase(5)}'
  }`,
  )
  return `import { registry } from './registry.js'
const table = { ${names.map((name) => `${name}: '${phrase(2)}'`).join(', ')} }
${functions.join('\n')}
class Library {
  options = table
${methods.join('\n')}
}
registry.set('Library${index}', Library)
${names.map((name) => `registry.set('${name}', ${name})`).join('\n')}
`
}

function generateFunction(
  name: string,
  other: string | undefined,
  word: () => string,
  phrase: (length: number) => string,
  random: (below: number) => number,
): string {
  const [list, count, items, flag] = [word(), word(), word(), word()]
  return `function ${name}(input, options = {}) {
  const result = { ${list}: [], ${count}Count: ${random(1000)}, kind: '${phrase(1)}' }
  for (const item of input.${items}s ?? []) {
    if (item.${list} === undefined) throw new TypeError('${phrase(7)}: ' + String(item.${count}))
    const changed = { ...item, ${flag}: options.${flag} ?? '${word()}', at: item.${count} * ${random(97) + 2} }
    if (options.${count} && options.${list}.has(changed)) result.${count}Count += item.${items}.length
    else if (item.${flag} > ${random(10_000)}) result.${list}.push(${other}({ ${items}s: item.${items}s }, options))
    switch (item.state) {
      case '${word()}-${word()}':
        result.${word()} = item.${word()}?.map((part) => part.${word()} + '${phrase(3)}')
        break
      case '${word()}-${word()}':
        result.${word()} = Object.keys(item).filter((key) => key !== '${word()}').sort()
        break
      default:
        result.message = \`${phrase(4)} \${item.${list}} ${phrase(3)} \${result.${count}Count}\`
    }
  }
  return options.${flag}Only ? result.${list} : result
}`
}

/** A linear congruential generator: numbers that look random and are the same each time. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
