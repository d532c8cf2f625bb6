/**
 * A gate lets a process that has a network of its own reach a few ports of this host's loopback, and nothing else: a socket in a folder
 * that both see stands for each port. On this side it leads to the port; on the other, a program listens at the same port.
 */

import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeTemporaryFolder } from './temporary-folder.ts'

const PROGRAM = 'gate.cjs'
const OTHER_SIDE = fileURLToPath(new URL('../../bin/gate.cjs', import.meta.url))
/** Characters: a socket's path, which has a name of this and a port behind it, can have 107 bytes. */
const LONGEST_PARENT = 60

export interface Gate {
  /** With the program, and a socket for each port. */
  readonly folder: string
  readonly ports: readonly number[]
  close(): void
}

/** The words that run the other side. It prints a line when it listens at all ports. `folder` is what it sees the gate's as. */
export function gateProgram(folder: string, ports: readonly number[]): string[] {
  return [`${folder}/${PROGRAM}`, folder, ...ports.map(String)]
}

export async function openGate(ports: readonly number[]): Promise<Gate> {
  const parent = tmpdir().length > LONGEST_PARENT ? '/tmp' : tmpdir()
  const folder = makeTemporaryFolder('lambdabin-gate-', parent)
  writeFileSync(join(folder, PROGRAM), readFileSync(OTHER_SIDE))
  const sockets = new Set<Socket>()
  const servers = ports.map((port) => listen(join(folder, String(port)), port, sockets))
  const close = () => {
    for (const each of [...servers, ...sockets]) {
      'destroy' in each ? each.destroy() : each.close()
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await Promise.all(servers.map((server) => once(server, 'listening')))
  } catch (error) {
    close()
    throw error
  }
  return { folder, ports, close }
}

function listen(path: string, port: number, sockets: Set<Socket>): Server {
  const server = createServer({ allowHalfOpen: true }, (inside) => {
    const outside = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    for (const [socket, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(socket)
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      // It closes then.
      socket.on('error', () => {})
      socket.pipe(other)
    }
  })
  return server.listen(path).unref()
}
