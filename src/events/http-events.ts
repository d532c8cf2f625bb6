/**
 * Events of HTTP: an API of API Gateway in its three kinds, a function URL, a load balancer, and authorizers.
 *
 * Source: Amazon API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs" and "Input format for Lambda proxy
 * integration"; AWS Lambda Developer Guide, "Invoking Lambda function URLs"; Elastic Load Balancing, "Lambda functions as targets".
 */

import type {
  ALBEvent,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyWebsocketEventV2,
  APIGatewayRequestAuthorizerEventV2,
  APIGatewayTokenAuthorizerEvent,
  LambdaFunctionURLEvent,
} from 'aws-lambda'
import { ACCOUNT, arn, REGION, REQUEST_ID, SENT_LOG_TIME, SENT_MS, SOURCE_IP, USER_AGENT } from './account.ts'

const API_ID = 'r3pmxmplak'
const API_HOST = `${API_ID}.execute-api.${REGION}.amazonaws.com`
const PATH = '/orders/7'

function requestHeaders(host: string) {
  return {
    accept: 'application/json',
    'content-type': 'application/json',
    host,
    'user-agent': USER_AGENT,
    'x-amzn-trace-id': 'Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e',
    'x-forwarded-for': SOURCE_IP,
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
  }
}

function requestContext(host: string, routeKey: string, accountId: string) {
  return {
    accountId,
    apiId: host.split('.')[0] ?? '',
    domainName: host,
    domainPrefix: host.split('.')[0] ?? '',
    http: { method: 'POST', path: PATH, protocol: 'HTTP/1.1', sourceIp: SOURCE_IP, userAgent: USER_AGENT },
    requestId: REQUEST_ID,
    routeKey,
    stage: '$default',
    time: SENT_LOG_TIME,
    timeEpoch: SENT_MS,
  }
}

export function apiGatewayV2(body: string) {
  const routeKey = 'POST /orders/{id}'
  return {
    version: '2.0',
    routeKey,
    rawPath: PATH,
    rawQueryString: 'dry-run=true',
    cookies: ['session=abc'],
    headers: requestHeaders(API_HOST),
    queryStringParameters: { 'dry-run': 'true' },
    requestContext: requestContext(API_HOST, routeKey, ACCOUNT),
    body,
    pathParameters: { id: '7' },
    isBase64Encoded: false,
  } satisfies APIGatewayProxyEventV2
}

export function functionUrl(body: string) {
  const host = `abcdefghijklmnopqrst.lambda-url.${REGION}.on.aws`
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: PATH,
    rawQueryString: 'dry-run=true',
    headers: requestHeaders(host),
    queryStringParameters: { 'dry-run': 'true' },
    requestContext: requestContext(host, '$default', 'anonymous'),
    body,
    isBase64Encoded: false,
  } satisfies LambdaFunctionURLEvent
}

export function apiGatewayV1(body: string) {
  const headers = requestHeaders(API_HOST)
  const resource = '/orders/{id}'
  return {
    resource,
    path: PATH,
    httpMethod: 'POST',
    headers,
    multiValueHeaders: listed(headers),
    queryStringParameters: { 'dry-run': 'true' },
    multiValueQueryStringParameters: { 'dry-run': ['true'] },
    pathParameters: { id: '7' },
    stageVariables: null,
    requestContext: {
      accountId: ACCOUNT,
      apiId: API_ID,
      authorizer: null,
      domainName: API_HOST,
      domainPrefix: API_ID,
      extendedRequestId: 'JKJaXmPLvHcESHA=',
      httpMethod: 'POST',
      identity: {
        accessKey: null,
        accountId: null,
        apiKey: null,
        apiKeyId: null,
        caller: null,
        clientCert: null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: SOURCE_IP,
        user: null,
        userAgent: USER_AGENT,
        userArn: null,
      },
      path: `/prod${PATH}`,
      protocol: 'HTTP/1.1',
      requestId: REQUEST_ID,
      requestTime: SENT_LOG_TIME,
      requestTimeEpoch: SENT_MS,
      resourceId: '123456',
      resourcePath: resource,
      stage: 'prod',
    },
    body,
    isBase64Encoded: false,
  } satisfies APIGatewayProxyEvent
}

/** Each value in a list of its own. */
function listed(values: Readonly<Record<string, string>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]))
}

export function websocket(body: string) {
  return {
    requestContext: {
      routeKey: '$default',
      messageId: 'IeI1JeXmoAMCJgA=',
      eventType: 'MESSAGE',
      extendedRequestId: 'IeI1JGDooAMFuCA=',
      requestTime: SENT_LOG_TIME,
      messageDirection: 'IN',
      stage: 'prod',
      connectedAt: SENT_MS - 1000,
      requestTimeEpoch: SENT_MS,
      requestId: REQUEST_ID,
      domainName: API_HOST,
      connectionId: 'IeI0yfgfIAMCJgA=',
      apiId: API_ID,
    },
    body,
    isBase64Encoded: false,
  } satisfies APIGatewayProxyWebsocketEventV2
}

export function alb(body: string) {
  return {
    requestContext: {
      elb: { targetGroupArn: arn('elasticloadbalancing', 'targetgroup/orders/6d0ecf831eec9f09') },
    },
    httpMethod: 'POST',
    path: PATH,
    queryStringParameters: { 'dry-run': 'true' },
    headers: requestHeaders('orders.example.org'),
    body,
    isBase64Encoded: false,
  } satisfies ALBEvent
}

export function tokenAuthorizer() {
  return {
    type: 'TOKEN',
    methodArn: arn('execute-api', `${API_ID}/prod/GET${PATH}`),
    authorizationToken: 'Bearer abc',
  } satisfies APIGatewayTokenAuthorizerEvent
}

export function httpApiAuthorizer() {
  const routeKey = 'GET /orders/{id}'
  const context = requestContext(API_HOST, routeKey, ACCOUNT)
  return {
    version: '2.0',
    type: 'REQUEST',
    routeArn: arn('execute-api', `${API_ID}/$default/GET${PATH}`),
    identitySource: ['Bearer abc'],
    routeKey,
    rawPath: PATH,
    rawQueryString: '',
    cookies: [],
    headers: { ...requestHeaders(API_HOST), authorization: 'Bearer abc' },
    requestContext: { ...context, http: { ...context.http, method: 'GET' } },
    pathParameters: { id: '7' },
  } satisfies APIGatewayRequestAuthorizerEventV2
}
