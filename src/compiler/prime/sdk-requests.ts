/**
 * Decides whether a function that has the AWS SDK can have a request sent by it. There are functions that sign URLs, or make
 * commands for others to send: what the SDK would connect with is of no use to those, and would be primed in each of their starts.
 *
 * It is read off the sources, and where it cannot be known, the answer is yes: the worst of a wrong answer is some time.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FunctionBundle } from '../bundle/bundle-function.ts'
import { packageName } from '../dependencies/package-of-file.ts'
import { FETCH_CALL } from './global-calls.ts'

/** The SDK's own packages, and what it alone uses. */
const SDK_PACKAGE = /^@(aws-sdk|smithy|aws-crypto|aws)\//
/** Modules of its that send by themselves: aggregated clients, uploads. Of CommonJS, all is one file. */
const SENDS_BY_ITSELF =
  /@aws-sdk[/\\]((client|lib)-[^/\\]+[/\\](dist-es[/\\](?!\w*Client\.js$)[A-Z]\w*\.js$|dist-cjs)|ec2-metadata-service|credential-providers)/
/** As in `client.send(command)`, `client['send']`. */
const NAMES_SEND = /[.[{,"'`]\s*send\b/
/** What its paginators and waiters are called. They are in bundles that use none. */
const NAMES_SENDERS = /\b(paginate|waitUntil|waitFor)[A-Z]/
/** What a client sends by, and what signs requests by itself does, too. */
const REQUEST_HANDLER = /-http-handler$/
/** What may be a module of Node.js's that is not imported by its name. */
const NAMES_MODULE = /\bgetBuiltinModule\b|\bcreateRequire\b/
/** Node.js's modules that connect. */
const CONNECTING_MODULE = /^(node:)?(net|tls|https?|http2|dgram)$/

/** Whether something in the bundle may connect to others; not so where only the AWS SDK could, and nobody has it send. */
export async function mayConnect({ metafile, packages, project }: FunctionBundle): Promise<boolean> {
  const inputs = includedInputs(metafile)
  const hasSdk = inputs.some((path) => SDK_PACKAGE.test(packageName(path) ?? ''))
  if (!hasSdk || packages.packages.length > 0 || inputs.some((path) => SENDS_BY_ITSELF.test(path))) {
    return true
  }
  const others = inputs.filter((path) => !SDK_PACKAGE.test(packageName(path) ?? ''))
  const connects = others.some((path) =>
    metafile.inputs[path]?.imports.some(({ external, path: name }) =>
      external ? CONNECTING_MODULE.test(name) : REQUEST_HANDLER.test(packageName(name) ?? ''),
    ),
  )
  return connects || (await any(others, (path) => asksToSend(join(project, path))))
}

/** Those of which something is in the bundle. */
function includedInputs({ outputs }: FunctionBundle['metafile']): string[] {
  const included = Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
  )
  return [...new Set(included.map(([path]) => path))]
}

async function asksToSend(file: string): Promise<boolean> {
  // What a plugin has made is in no file.
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return (
    text === undefined ||
    [NAMES_SEND, NAMES_SENDERS, FETCH_CALL, NAMES_MODULE].some((pattern) => pattern.test(text))
  )
}

async function any(paths: readonly string[], test: (path: string) => Promise<boolean>): Promise<boolean> {
  return (await Promise.all(paths.map(test))).includes(true)
}
