/** The event that each of AWS's services makes of the same HTTP request. */

export interface SentRequest {
  method?: string
  host?: string
  /** As the client wrote them. */
  path?: string
  query?: string
  /** A repeated name is sent as often. */
  headers?: readonly (readonly [name: string, value: string])[]
  cookies?: readonly string[]
  body?: string | Buffer
}

/** API Gateway's stages and custom domains. */
export interface Deployment {
  stage?: string
  /** What the path begins with on a custom domain; undefined on the API's own domain. */
  basePath?: string
}

export function payload2(sent: SentRequest = {}, { stage = '$default' }: Deployment = {}) {
  const { method = 'GET', path = '/', query = '', cookies } = sent
  const host = sent.host ?? 'abc123.lambda-url.eu-central-1.on.aws'
  const rawPath = stage === '$default' ? path : `/${stage}${path}`
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath,
    rawQueryString: query,
    ...(cookies && { cookies }),
    headers: joined(edgeHeaders(sent, host)),
    ...(query !== '' && { queryStringParameters: joined(parse(query)) }),
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abc123',
      domainName: host,
      domainPrefix: 'abc123',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '198.51.100.7', userAgent: 'test' },
      requestId: '11111111-1111-1111-1111-111111111111',
      routeKey: '$default',
      stage,
      time: '23/Nov/2026:16:00:00 +0000',
      timeEpoch: 1795449600000,
    },
    ...encodedBody(sent.body),
  }
}

export function payload1(sent: SentRequest = {}, { stage = 'prod', basePath }: Deployment = {}) {
  const { method = 'GET', path = '/', query = '' } = sent
  const host =
    sent.host ??
    (basePath === undefined ? 'abc123.execute-api.eu-central-1.amazonaws.com' : 'api.example.com')
  const headers = withCookies(edgeHeaders(sent, host), sent.cookies)
  const realPath = `${basePath ?? `/${stage}`}${path}`
  return {
    resource: '/{proxy+}',
    path: basePath === undefined ? path : realPath,
    httpMethod: method,
    headers: last(headers),
    multiValueHeaders: lists(headers),
    queryStringParameters: query === '' ? null : last(parse(query)),
    multiValueQueryStringParameters: query === '' ? null : lists(parse(query)),
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      resourcePath: '/{proxy+}',
      httpMethod: method,
      path: realPath,
      stage,
      domainName: host,
      domainPrefix: 'abc123',
      protocol: 'HTTP/1.1',
      requestId: '22222222-2222-2222-2222-222222222222',
      identity: { sourceIp: '198.51.100.7', userAgent: 'test' },
    },
    ...encodedBody(sent.body),
  }
}

export function loadBalancer(sent: SentRequest = {}, mode: 'single' | 'multi-value' = 'single') {
  const { method = 'GET', path = '/', query = '', host = 'shop.example.com' } = sent
  const headers = withCookies(edgeHeaders(sent, host), sent.cookies)
  // Not decoded: a load balancer passes names and values as the client wrote them.
  const parameters = query === '' ? [] : query.split('&').map(splitParameter)
  return {
    requestContext: {
      elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/1' },
    },
    httpMethod: method,
    path,
    ...(mode === 'single'
      ? { queryStringParameters: last(parameters), headers: last(headers) }
      : { multiValueQueryStringParameters: lists(parameters), multiValueHeaders: lists(headers) }),
    body: '',
    isBase64Encoded: false,
    ...encodedBody(sent.body),
  }
}

/** What an Application Load Balancer asks a function whether it is well with. */
export const HEALTH_CHECK = {
  requestContext: {
    elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/1' },
  },
  httpMethod: 'GET',
  path: '/health',
  queryStringParameters: {},
  headers: { 'user-agent': 'ELB-HealthChecker/2.0' },
  body: '',
  isBase64Encoded: false,
}

type Pair = readonly [string, string]

function edgeHeaders({ headers = [] }: SentRequest, host: string): Pair[] {
  const own: Pair[] = [
    ['host', host],
    ['x-forwarded-for', '198.51.100.7'],
    ['x-forwarded-port', '443'],
    ['x-forwarded-proto', 'https'],
  ]
  const given = new Set(headers.map(([name]) => name.toLowerCase()))
  return [...own.filter(([name]) => !given.has(name)), ...headers]
}

function withCookies(headers: Pair[], cookies: readonly string[] | undefined): Pair[] {
  return cookies ? [...headers, ['cookie', cookies.join('; ')]] : headers
}

function encodedBody(body: string | Buffer | undefined) {
  if (body === undefined) {
    return {}
  }
  return typeof body === 'string'
    ? { body, isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true }
}

function splitParameter(parameter: string): Pair {
  const at = parameter.indexOf('=')
  return at === -1 ? [parameter, ''] : [parameter.slice(0, at), parameter.slice(at + 1)]
}

function parse(query: string): Pair[] {
  return [...new URLSearchParams(query)]
}

function last(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs)
}

function lists(pairs: readonly Pair[]): Record<string, string[]> {
  const result: Record<string, string[]> = {}
  for (const [name, value] of pairs) {
    result[name] = [...(result[name] ?? []), value]
  }
  return result
}

function joined(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(Object.entries(lists(pairs)).map(([name, values]) => [name, values.join(',')]))
}
