/**
 * A stub of AWS's DynamoDB on loopback, for a function that calls it: HTTPS with a certificate of RSA keys, as AWS's servers
 * have, behind an authority in between. It is a process of its own, on another CPU than what is measured where there is one.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { CertificateAuthority } from '../../../src/stubs/certificates.ts'
import { hasCommand } from '../runtime-api-server.ts'

const SERVER = fileURLToPath(new URL('./aws-endpoint-server.mjs', import.meta.url))

export interface AwsEndpoint {
  /** `https://localhost:PORT`. */
  readonly url: string
  /** What makes the AWS SDK call it, and Node.js and Bun trust it. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** `measuredCpu` is the one that the function is pinned to; `folder` is for the certificates. */
export async function startAwsEndpoint(folder: string, measuredCpu: number): Promise<AwsEndpoint> {
  const authority = new CertificateAuthority('lambdabin benchmark', 'rsa')
  const { key, chain } = authority.issue(['localhost', '127.0.0.1'])
  const [keyFile, chainFile, authorityFile] = ['key.pem', 'chain.pem', 'authority.pem'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  writeFileSync(keyFile, key, { mode: 0o600 })
  writeFileSync(chainFile, chain)
  writeFileSync(authorityFile, authority.certificate)
  const other = cpus().findIndex((_, cpu) => cpu !== measuredCpu)
  const pinned = other !== -1 && hasCommand('taskset', '--version') ? ['taskset', '-c', String(other)] : []
  const [program = '', ...args] = [...pinned, process.execPath, SERVER, keyFile, chainFile]
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: {} })
  const exited = once(server, 'exit')
  const [port] = await Promise.race([
    once(server.stdout, 'data'),
    exited.then(() => Promise.reject(new Error('the stub of AWS ended before it listened'))),
  ])
  const url = `https://localhost:${String(port).trim()}`
  return {
    url,
    env: {
      AWS_ENDPOINT_URL_DYNAMODB: url,
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'placeholder',
      AWS_SESSION_TOKEN: 'placeholder',
      NODE_EXTRA_CA_CERTS: authorityFile,
    },
    stop: async () => {
      server.kill('SIGKILL')
      await exited
    },
  }
}
