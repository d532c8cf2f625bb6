import { spawnSync } from 'node:child_process'
import type { OpenSandbox } from '../../src/sandbox/sandbox.ts'

const TIMEOUT_MS = 60_000

/** What `script` says in a sandbox, without white space around it, and its exit status. */
export function runInSandbox(sandbox: OpenSandbox, script: string, variables: Record<string, string> = {}) {
  const { command, parameters, cwd } = sandbox.command('/bin/sh', ['-c', script], variables)
  const { stdout, stderr, status } = spawnSync(command, parameters, {
    cwd,
    env: sandbox.environment({ PATH: '/usr/bin:/bin', ...variables }),
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  })
  return { stdout: stdout.trim(), stderr: stderr.trim(), status }
}
