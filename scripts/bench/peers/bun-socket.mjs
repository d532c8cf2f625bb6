// The least that a loop can be in Bun: one socket, requests as strings, replies searched for the few headers that are
// needed. Nobody publishes such a runtime; it shows what Bun has left beside its fetch.
import process from 'node:process'

export function run(handler) {
  const api = process.env.AWS_LAMBDA_RUNTIME_API
  const [hostname, port] = api.split(':')
  const path = '/2018-06-01/runtime/invocation/'
  const nextRequest = `GET ${path}next HTTP/1.1\r\nHost: ${api}\r\n\r\n`
  let received = ''

  async function invoke(socket, head, body) {
    const id = headerValue(head, 'Lambda-Runtime-Aws-Request-Id')
    const deadline = Number(headerValue(head, 'Lambda-Runtime-Deadline-Ms'))
    process.env._X_AMZN_TRACE_ID = headerValue(head, 'Lambda-Runtime-Trace-Id')
    const result = await handler(JSON.parse(body), {
      awsRequestId: id,
      invokedFunctionArn: headerValue(head, 'Lambda-Runtime-Invoked-Function-Arn'),
      getRemainingTimeInMillis: () => deadline - Date.now(),
    })
    const text = JSON.stringify(result)
    const length = Buffer.byteLength(text)
    socket.write(
      `POST ${path}${id}/response HTTP/1.1\r\nHost: ${api}\r\nContent-Length: ${length}\r\n\r\n${text}`,
    )
  }

  Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open(socket) {
        socket.write(nextRequest)
      },
      data(socket, bytes) {
        received += bytes.toString('latin1')
        const end = received.indexOf('\r\n\r\n')
        if (end < 0) {
          return
        }
        const head = received.slice(0, end + 2)
        const bodyEnd = end + 4 + Number(headerValue(head, 'Content-Length'))
        if (received.length < bodyEnd) {
          return
        }
        const body = received.slice(end + 4, bodyEnd)
        received = received.slice(bodyEnd)
        if (head.startsWith('HTTP/1.1 202')) {
          socket.write(nextRequest)
        } else {
          invoke(socket, head, body)
        }
      },
      close() {
        process.exit(0)
      },
    },
  })
}

function headerValue(head, name) {
  const start = head.indexOf(name) + name.length + 2
  return head.slice(start, head.indexOf('\r\n', start))
}
