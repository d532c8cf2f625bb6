/** As much of a PostgreSQL server as a client needs to connect and to ask for one row: the simple query protocol, version 3. */

import { createServer, type Server, type Socket } from 'node:net'

const AUTHENTICATION_OK = message('R', int32(0))
const READY = message('Z', Buffer.from('I'))
const TEXT_TYPE = 25
const INTEGER_TYPE = 23

/** Answers every query with one row of one column. To be closed. */
export async function startPostgres(
  port: number,
  answer: (query: string) => { column: string; value: string },
): Promise<Server> {
  const server = createServer((socket) => serve(socket, answer))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })
  return server
}

function serve(socket: Socket, answer: (query: string) => { column: string; value: string }): void {
  let received = Buffer.alloc(0)
  let isStarted = false
  socket.on('error', () => {})
  socket.on('data', (data) => {
    received = Buffer.concat([received, data])
    for (;;) {
      // The first message has no letter in front of its length.
      const head = isStarted ? 1 : 0
      if (received.length < head + 4 || received.length < head + received.readInt32BE(head)) {
        return
      }
      const length = received.readInt32BE(head)
      const [letter, body] = [
        String.fromCharCode(received[0] ?? 0),
        received.subarray(head + 4, head + length),
      ]
      received = received.subarray(head + length)
      if (!isStarted) {
        isStarted = true
        socket.write(Buffer.concat([AUTHENTICATION_OK, READY]))
      } else if (letter === 'Q') {
        socket.write(Buffer.concat([...rows(answer(body.subarray(0, -1).toString())), READY]))
      } else if (letter === 'X') {
        socket.end()
      }
    }
  })
}

function rows({ column, value }: { column: string; value: string }): Buffer[] {
  const type = /^\d+$/.test(value) ? INTEGER_TYPE : TEXT_TYPE
  return [
    message('T', int16(1), text(column), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)),
    message('D', int16(1), int32(value.length), Buffer.from(value)),
    message('C', text('SELECT 1')),
  ]
}

function message(letter: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(letter), int32(body.length + 4), body])
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
