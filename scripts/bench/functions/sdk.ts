/**
 * A function as many are: zod checks the event, and the AWS SDK's document client is there to write it. It stops where
 * the network would come in, at the item in DynamoDB's own format, so that an invocation is its own work alone.
 * Nothing in it is any runtime's own: each contender runs this same file.
 */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { z } from 'zod'

const Order = z.object({
  customer: z.string().regex(/^c-\d+$/),
  email: z.email(),
  items: z
    .array(
      z.object({
        sku: z.string().min(1),
        quantity: z.int().positive(),
        price: z.number().nonnegative(),
      }),
    )
    .min(1),
  notes: z.array(z.string()).default([]),
})

const client = new DynamoDBClient({
  region: 'us-east-1',
  credentials: { accessKeyId: 'placeholder', secretAccessKey: 'placeholder' },
})
const documents = DynamoDBDocumentClient.from(client)

export const handler = async (event: unknown) => {
  const order = Order.parse(event)
  const total = order.items.reduce((sum, { quantity, price }) => sum + quantity * price, 0)
  const command = new PutCommand({ TableName: 'orders', Item: { ...order, total } })
  return {
    region: await documents.config.region(),
    table: command.input.TableName,
    item: marshall(command.input.Item),
  }
}
