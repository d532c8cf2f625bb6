// The same loop as plainly as Node.js allows: node:http, one kept-alive connection, no error handling at all.
import { Agent, request } from 'node:http'
import process from 'node:process'

export async function run(handler) {
  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':')
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })

  function send(method, path, body) {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
      const sent = request(
        { host, port, method, agent, headers, path: `/2018-06-01/runtime/invocation/${path}` },
        (response) => {
          const chunks = []
          response.on('data', (chunk) => chunks.push(chunk))
          response.on('end', () =>
            resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  for (;;) {
    const { headers, body } = await send('GET', 'next')
    const context = {
      awsRequestId: headers['lambda-runtime-aws-request-id'],
      invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
      getRemainingTimeInMillis: () => Number(headers['lambda-runtime-deadline-ms']) - Date.now(),
    }
    process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id']
    const result = await handler(JSON.parse(body), context)
    await send('POST', `${context.awsRequestId}/response`, JSON.stringify(result))
  }
}
