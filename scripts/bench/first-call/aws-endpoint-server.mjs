// Answers each request as DynamoDB answers GetItem. node aws-endpoint-server.mjs KEY CERTIFICATES; prints its port.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import process from 'node:process'

const [, , key, chain] = process.argv
const item = {
  id: { S: 'o-1842' },
  customer: { S: 'c-1842' },
  lines: {
    L: [
      { M: { sku: { S: 'A-100' }, quantity: { N: '2' }, price: { N: '19.5' } } },
      { M: { sku: { S: 'B-200' }, quantity: { N: '1' }, price: { N: '5' } } },
    ],
  },
  total: { N: '44' },
}
const body = JSON.stringify({ Item: item })

const server = createServer({ key: readFileSync(key), cert: readFileSync(chain) }, (request, response) => {
  const isGetItem = request.headers['x-amz-target'] === 'DynamoDB_20120810.GetItem'
  request.resume().on('end', () => {
    response.writeHead(isGetItem && request.headers.authorization ? 200 : 400, {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': body.length,
    })
    response.end(body)
  })
})
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`))
