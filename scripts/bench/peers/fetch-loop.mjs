// The loop of a runtime over fetch, as those that are published for Bun and Deno have it: the connection is kept alive.
import process from 'node:process'

export async function run(handler) {
  const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`
  for (;;) {
    const next = await fetch(`${api}next`)
    const deadline = Number(next.headers.get('lambda-runtime-deadline-ms'))
    const context = {
      awsRequestId: next.headers.get('lambda-runtime-aws-request-id'),
      invokedFunctionArn: next.headers.get('lambda-runtime-invoked-function-arn'),
      getRemainingTimeInMillis: () => deadline - Date.now(),
    }
    process.env._X_AMZN_TRACE_ID = next.headers.get('lambda-runtime-trace-id')
    const body = JSON.stringify(await handler(await next.json(), context))
    const answer = await fetch(`${api}${context.awsRequestId}/response`, { method: 'POST', body })
    await answer.arrayBuffer()
  }
}
