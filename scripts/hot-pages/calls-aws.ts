/**
 * What functions that call AWS touch of Node.js, for `../hot-pages.ts`: it checks an order and marshals it, and returns its event. As it is
 * rehearsed, and so answered without a network, it asks for an item; as it is invoked, nobody is there to ask.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb'
import { handler as takeOrder } from './uses-aws.ts'

/** Nobody listens at the port. */
const documents = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    region: 'us-east-1',
    endpoint: 'https://localhost:1',
    credentials: { accessKeyId: 'placeholder', secretAccessKey: 'placeholder' },
    maxAttempts: 1,
  }),
)

export const handler = async (event: unknown) => {
  await takeOrder(event)
  await documents.send(new GetCommand({ TableName: 'orders', Key: { id: 'o-1842' } })).catch(() => {})
  return event
}
