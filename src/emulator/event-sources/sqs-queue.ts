/**
 * A queue of a local server that speaks Amazon SQS: ElasticMQ's, LocalStack's. It is told by its URL.
 *
 * Source: Amazon SQS API reference, the JSON protocol. Nothing is signed: such servers do not check.
 */

import type { MessageQueue, QueueMessage } from './event-source.ts'

const WAIT_SECONDS = 10
const REQUEST_TIMEOUT_MS = 30_000

interface SqsMessage {
  MessageId: string
  ReceiptHandle: string
  Body: string
  MD5OfBody: string
  Attributes?: Record<string, string>
  MessageAttributes?: Record<string, { StringValue?: string; BinaryValue?: string; DataType?: string }>
}

export class SqsQueue implements MessageQueue {
  readonly name: string
  readonly #url: URL
  readonly #region: string

  constructor(url: string, region: string) {
    this.#url = new URL(url)
    this.#region = region
    this.name = this.#url.pathname.split('/').filter(Boolean).at(-1) ?? 'queue'
  }

  async receive(most: number, signal: AbortSignal): Promise<QueueMessage[]> {
    const request = {
      QueueUrl: this.#url.href,
      MaxNumberOfMessages: Math.min(most, 10),
      WaitTimeSeconds: WAIT_SECONDS,
      AttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }
    const { Messages = [] } = (await this.#call('ReceiveMessage', request, signal)) as {
      Messages?: SqsMessage[]
    }
    return Messages.map((message) => ({
      messageId: message.MessageId,
      receiptHandle: message.ReceiptHandle,
      body: message.Body,
      attributes: message.Attributes ?? {},
      messageAttributes: lowerCased(message.MessageAttributes ?? {}),
      md5OfBody: message.MD5OfBody,
    }))
  }

  async delete(messages: readonly QueueMessage[]): Promise<void> {
    if (messages.length === 0) {
      return
    }
    const Entries = messages.map(({ receiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
    }))
    await this.#call('DeleteMessageBatch', { QueueUrl: this.#url.href, Entries })
  }

  /** The queue's visibility timeout brings them back, and its redrive policy puts them elsewhere. */
  async release(): Promise<void> {}

  async #call(action: string, document: object, signal?: AbortSignal): Promise<unknown> {
    const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const response = await fetch(this.#url.origin, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.0',
        'X-Amz-Target': `AmazonSQS.${action}`,
        Authorization: `AWS4-HMAC-SHA256 Credential=lambdabin/20260101/${this.#region}/sqs/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(document),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    })
    const text = await response.text()
    if (!response.ok) {
      throw new Error(`${action} of ${this.#url.href} answers ${response.status}: ${text.slice(0, 200)}`)
    }
    return text === '' ? {} : JSON.parse(text)
  }
}

/** As Lambda writes them into an event. */
function lowerCased(attributes: NonNullable<SqsMessage['MessageAttributes']>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { StringValue, BinaryValue, DataType }]) => [
      name,
      {
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ]),
  )
}
