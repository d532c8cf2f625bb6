/**
 * A function as most are: its first invocation calls AWS over HTTPS. Each contender runs this same file, and the SDK finds the
 * region, the credentials and the endpoint, a stub on loopback, in the environment.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb'

const documents = DynamoDBDocumentClient.from(new DynamoDBClient())

export const handler = async (event: { id: string }) => {
  const { Item } = await documents.send(new GetCommand({ TableName: 'orders', Key: { id: event.id } }))
  return Item
}
