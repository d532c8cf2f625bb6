/**
 * Has the AWS SDK's modules tell the classes of clients and commands that they define: `executable/sdk-registry.ts` has them then, and
 * the runtime primes clients of these classes, whatever the function's own are.
 *
 * What is put into a module is on lines of its own, or on that where a class begins. A module of another layout than is known here
 * registers nothing, and is not primed.
 */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Plugin } from 'esbuild'
import { DOCUMENT_CLIENT } from '../../executable/sdk-registry.ts'

/** A chunk's parameter. In what is bundled otherwise, as for a worker, there is none. */
const REGISTER = '__registerSdk'

/** Modules that define a client's class, a command's by hand, or what makes all other commands: each by its file's name. */
const MODULES =
  /[\\/]node_modules[\\/](@aws-sdk[\\/](client-[^\\/]+[\\/]dist-es[\\/](\w+Client|commands[\\/]\w+Command)|lib-dynamodb[\\/]dist-es[\\/](DynamoDBDocumentClient|commands[\\/]\w+Command))|@smithy[\\/](smithy-client|core)[\\/]dist-es[\\/]([\w\\/-]+[\\/])?command)\.js$/

/** Whether code, a chunk's, registers anything: it has more of it than the parameter. */
export function registersSdk(code: Buffer): boolean {
  return code.includes(`${REGISTER}(`)
}

export const sdkRegistration: Plugin = {
  name: 'sdk-registration',
  setup(build) {
    build.onLoad({ filter: MODULES }, async ({ path }) => {
      const contents = withRegistration(await readFile(path, 'utf8'), path)
      return contents === undefined ? undefined : { contents }
    })
  },
}

/** Undefined where the module is none that is known. */
function withRegistration(text: string, path: string): string | undefined {
  const name = basename(path, '.js')
  if (name === 'command') {
    return ofCommands(text)
  }
  if (/[\\/]lib-dynamodb[\\/]/.test(path)) {
    return ofWrapper(text, name)
  }
  return name.endsWith('Command') ? ofCommand(text, name) : ofClient(text, name)
}

/** A command that is written out, as the SDK had them before there was what makes them. It names its client. */
function ofCommand(text: string, name: string): string | undefined {
  const [, client] = /\bclientName = "(\w+)"/.exec(text) ?? []
  return client !== undefined && text.includes(`export class ${name} extends $Command {`)
    ? `${text}\n${ifRegistered(`${REGISTER}("${client}", ${name}, "${name}")`)}\n`
    : undefined
}

function ofClient(text: string, name: string): string | undefined {
  return text.includes(`export class ${name} `)
    ? `${text}\n${ifRegistered(`${REGISTER}("${name}", ${name})`)}\n`
    : undefined
}

/** The class whose method makes a command's class has the names of both as its members. */
function ofCommands(text: string): string | undefined {
  const statements = [
    'const build = ClassBuilder.prototype.build',
    `ClassBuilder.prototype.build = function () { const made = build.call(this); ${REGISTER}(this._clientName, made, this._commandName); return made }`,
  ]
  const isKnown = ['\nclass ClassBuilder {', '_clientName', '_commandName', 'build()'].every((each) =>
    text.includes(each),
  )
  return isKnown ? `${text}\n${ifRegistered(statements.join('; '))}\n` : undefined
}

/**
 * A class of a package that does not tell esbuild that its modules have no effects: a statement would have all of them be in each
 * bundle. A call that is marked as pure goes where nobody needs what it returns.
 */
function ofWrapper(text: string, name: string): string | undefined {
  const begin = `export class ${name} `
  const end = text.lastIndexOf('\n}')
  const start = text.indexOf(begin)
  if (start === -1 || text.slice(end + 2).trim() !== '') {
    return undefined
  }
  const command = name.endsWith('Command') ? `, "${name}"` : ''
  const register = `(made) => { ${ifRegistered(`${REGISTER}("${DOCUMENT_CLIENT}", made${command})`)} return made }`
  const head = `export const ${name} = /* @__PURE__ */ (${register})(class ${name} `
  return `${text.slice(0, start)}${head}${text.slice(start + begin.length, end)}\n})\n`
}

function ifRegistered(statements: string): string {
  return `if (typeof ${REGISTER} === "function") { ${statements} }`
}
