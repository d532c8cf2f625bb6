/** What events come from besides requests: a queue whose messages a function gets in batches. */

export interface EventSourceDescription {
  /** A UUID. */
  id: string
  functionName: string
  /** The queue's name. */
  source: string
  batchSize: number
  state: 'Enabled' | 'Disabled'
}

export interface QueueMessage {
  messageId: string
  receiptHandle: string
  body: string
  attributes: Readonly<Record<string, string>>
  messageAttributes: Readonly<Record<string, unknown>>
  md5OfBody: string
}

export interface MessageQueue {
  readonly name: string
  /** Resolves with up to `most` messages, after a while with none. */
  receive(most: number, signal: AbortSignal): Promise<QueueMessage[]>
  /** The function is done with these. */
  delete(messages: readonly QueueMessage[]): Promise<void>
  /** The function failed on these: they come again after a while. */
  release(messages: readonly QueueMessage[]): Promise<void>
}
