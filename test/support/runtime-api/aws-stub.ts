/** The few calls of AWS's services that the fixtures make, answered on loopback. */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface AwsCall {
  /** The operation, such as `GetItem`, or the method of an S3 call. */
  readonly operation: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
}

export class AwsStub {
  readonly calls: AwsCall[] = []
  readonly #objects = new Map<string, Buffer>()
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async start(): Promise<AwsStub> {
    const stub = new AwsStub()
    stub.#server.listen(0, '127.0.0.1')
    await once(stub.#server, 'listening')
    return stub
  }

  /** What makes the AWS SDK call this instead of AWS. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
    }
  }

  async stop(): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const { method = '', url = '', headers } = request
    const [path = ''] = url.split('?')
    const target = String(headers['x-amz-target'] ?? '').split('.')[1]
    this.calls.push({ operation: target ?? method, path, headers })
    if (target) {
      answerJson(target, JSON.parse(body.toString()), response)
    } else {
      this.#answerS3(method, path, body, response)
    }
  }

  #answerS3(method: string, path: string, body: Buffer, response: ServerResponse): void {
    if (method === 'PUT') {
      this.#objects.set(path, body)
      response.writeHead(200, { etag: '"1"' }).end()
      return
    }
    const object = this.#objects.get(path)
    if (object) {
      response.writeHead(200, { 'content-length': object.length }).end(object)
    } else {
      response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>')
    }
  }
}

function answerJson(
  operation: string,
  input: { TableName?: string; Key?: unknown; Name?: string },
  response: ServerResponse,
): void {
  const answer = (status: number, output: object): void => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(output))
  }
  if (operation === 'GetParameter') {
    answer(200, { Parameter: { Name: input.Name, Type: 'String', Value: '5 EUR' } })
  } else if (operation === 'GetItem' && input.TableName !== 'missing') {
    answer(200, { Item: { ...(input.Key as object), total: { N: '12' } } })
  } else {
    answer(400, {
      __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
      message: 'no such table',
    })
  }
}
