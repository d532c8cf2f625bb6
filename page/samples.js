// Events as AWS's services send them, in their smallest useful form.

const ACCOUNT = '123456789012'
const NOW = '2026-01-01T00:00:00.000Z'

export const SAMPLES = {
  empty: {},
  http: {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/orders/7',
    rawQueryString: 'page=1',
    headers: { host: 'orders.localhost', 'content-type': 'application/json', 'user-agent': 'lambdabin' },
    queryStringParameters: { page: '1' },
    requestContext: {
      accountId: ACCOUNT,
      apiId: 'local',
      domainName: 'orders.localhost',
      domainPrefix: 'orders',
      http: {
        method: 'GET',
        path: '/orders/7',
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'lambdabin',
      },
      requestId: 'id',
      routeKey: '$default',
      stage: '$default',
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: 1767225600000,
    },
    isBase64Encoded: false,
  },
  sqs: {
    Records: [
      {
        messageId: '19dd0b57-b21e-4ac1-bd88-01bbb068cb78',
        receiptHandle: 'handle',
        body: 'Hello from SQS',
        attributes: {
          ApproximateReceiveCount: '1',
          SentTimestamp: '1767225600000',
          SenderId: ACCOUNT,
          ApproximateFirstReceiveTimestamp: '1767225600001',
        },
        messageAttributes: {},
        md5OfBody: '7b270e59b47ff90a553787216d55d91d',
        eventSource: 'aws:sqs',
        eventSourceARN: `arn:aws:sqs:us-east-1:${ACCOUNT}:queue`,
        awsRegion: 'us-east-1',
      },
    ],
  },
  s3: {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'us-east-1',
        eventTime: NOW,
        eventName: 'ObjectCreated:Put',
        userIdentity: { principalId: 'EXAMPLE' },
        requestParameters: { sourceIPAddress: '127.0.0.1' },
        responseElements: { 'x-amz-request-id': 'EXAMPLE', 'x-amz-id-2': 'EXAMPLE' },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: 'test',
          bucket: { name: 'photos', ownerIdentity: { principalId: 'EXAMPLE' }, arn: 'arn:aws:s3:::photos' },
          object: { key: 'cat.jpg', size: 1024, eTag: '0123456789abcdef', sequencer: '0A1B2C3D4E5F678901' },
        },
      },
    ],
  },
  eventbridge: {
    version: '0',
    id: 'fe8d3c65-xmpl-c5c3-2c87-81584709a377',
    'detail-type': 'Order Placed',
    source: 'shop.orders',
    account: ACCOUNT,
    time: NOW,
    region: 'us-east-1',
    resources: [],
    detail: { orderId: 7 },
  },
}
