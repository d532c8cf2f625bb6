/**
 * Has a Node.js run what functions use of it, and make code caches of its own modules with what was compiled by that:
 * `build-time/builtin-code.ts` is the program, and `build-time/contract.ts` tells how it is run.
 */

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuiltinCode } from '../../../build-time/contract.ts'
import { CertificateAuthority } from '../../../stubs/certificates.ts'
import { bundleBuiltinCode } from '../../bundle/bundle-runtime.ts'
import { startWritten } from '../../text-busy.ts'
import { SAME_BYTES } from '../code-cache-header.ts'
import type { TargetRunner } from '../target-runner.ts'

/** A second is what it takes, and half a minute under qemu. */
const TIMEOUT_MS = 120_000
const ANSWER = JSON.stringify({ orders: [{ id: 'o-1842', quantity: 2 }] })

/** V8 throws away the code of functions that were not called for a while; here it is wanted. */
export const WORKLOAD_OPTIONS = [...SAME_BYTES, '--no-flush-bytecode']

/** `folder` is empty, and for what comes in between. Rejects where the program fails. */
export async function runWorkload(node: string, runner: TargetRunner, folder: string): Promise<BuiltinCode> {
  const program = join(folder, 'builtin-code.cjs')
  const output = join(folder, 'builtin-code.json')
  await writeFile(program, await bundleBuiltinCode())
  await withServers(async (ports) => {
    const [command = '', ...words] = [...runner, node, ...WORKLOAD_OPTIONS, '--no-warnings', program, output]
    const options = { env: {}, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' } as const
    await startWritten(() => promisify(execFile)(command, [...words, ...ports.map(String)], options))
    // Without ports, it puts what it has made in order.
    await promisify(execFile)(command, words, options)
  })
  return JSON.parse(await readFile(output, 'utf8'))
}

/** Calls `run` with the ports of the servers that the program talks to, of HTTP and of HTTPS, which are there until it has come to its end. */
export async function withServers<T>(run: (ports: readonly [number, number]) => Promise<T>): Promise<T> {
  const { key, chain } = new CertificateAuthority('lambdabin build').issue(['localhost'])
  const servers = [
    createServer(answer),
    createSecureServer({ key, cert: chain, allowHTTP1: true }, answer as never),
  ] as const
  try {
    return await run([await listen(servers[0]), await listen(servers[1])])
  } finally {
    for (const server of servers) {
      server.close()
    }
  }
}

const answer: RequestListener = (request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)
  })
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
