/**
 * The routes of an AWS SAM template: `HttpApi` and `Api` events of its functions, with the authorizers and the CORS
 * configuration of the APIs that these belong to; what APIs describe by OpenAPI; API Gateway's own resources, as in what CDK
 * writes; and those of the stacks that are nested in it.
 *
 * Names of functions are those of the template (`FunctionName`, else the logical id, with or without `Function` behind it),
 * or the executable's that the handler setting names. Intrinsic functions of CloudFormation are read as far as names need
 * them: `!Ref`, `!GetAtt` and `!Sub` of one resource.
 */

import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type CollectionTag, parse, type ScalarTag } from 'yaml'
import type { CorsConfiguration } from '../functions/function-configuration.ts'
import { readApiGateway } from './cloudformation-routes.ts'
import {
  type Authorizer,
  type HttpApiDefinition,
  HttpApiError,
  type TemplateFunction,
} from './http-api-definition.ts'
import { openApiRoutes } from './openapi-routes.ts'
import { binaryTypes } from './rest-api.ts'
import type { Route } from './route-table.ts'
import { isObject } from './routes-file.ts'
import { functionsOf } from './template-settings.ts'
import { type Document, namesOf, object, payloadFormat, referenced, resourcesOf } from './template-values.ts'

const TOKEN = '$request.header.Authorization'
const FUNCTION = 'AWS::Serverless::Function'
const APIS = { HttpApi: 'AWS::Serverless::HttpApi', Api: 'AWS::Serverless::Api' } as const
/** Where each kind of nested stack has its template. */
const NESTED = {
  'AWS::Serverless::Application': 'Location',
  'AWS::CloudFormation::Stack': 'TemplateURL',
} as const
const INTRINSICS = [
  'Ref',
  'Sub',
  'GetAtt',
  'Join',
  'Select',
  'Split',
  'If',
  'Equals',
  'FindInMap',
  'ImportValue',
]

/** With those of the stacks nested in it whose templates are files. Rejects with an HttpApiError. */
export async function parseSamTemplate(text: string, path: string): Promise<HttpApiDefinition> {
  const definitions = await readStacks(text, path, new Set([resolve(path)]))
  const routes = definitions.flatMap((definition) => definition.routes)
  if (routes.length === 0) {
    throw new HttpApiError(
      `expected functions with HttpApi or Api events in ${path}, or routes of API Gateway, but there are none; name a file of routes instead`,
    )
  }
  const authorizers = Object.assign({}, ...definitions.map((definition) => definition.authorizers).reverse())
  const functions = definitions.flatMap((definition) => definition.functions ?? [])
  const preflights = definitions.flatMap((definition) => definition.preflights ?? [])
  const cors = definitions.find((definition) => definition.cors !== undefined)?.cors
  return { routes, cors, preflights, authorizers, functions }
}

/** Of a stack, and then of those nested in it. `read` are the templates that were. */
async function readStacks(text: string, path: string, read: Set<string>): Promise<HttpApiDefinition[]> {
  const template = parseTemplate(text, path)
  const functions = functionsOf(template, parseTemplate(text, path, true))
  const definitions = [await readStack(template, functions, path)]
  for (const [id, location] of nestedStacks(object(template.Resources))) {
    const nested = resolve(dirname(path), location)
    if (!read.has(nested)) {
      read.add(nested)
      const content = await readNamed(nested, `the template of the nested stack ${id} of ${path}`)
      definitions.push(...(await readStacks(content, nested, read)))
    }
  }
  return definitions
}

/** Without a byte order mark. */
async function readNamed(file: string, what: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new HttpApiError(`expected ${what}, but cannot read ${file}; correct its location`, {
      cause: error,
    })
  })
  return text.replace(/^\uFEFF/, '')
}

function isElsewhere(location: string): boolean {
  return /^\w+:\/\//.test(location)
}

/** Those that are elsewhere, in S3 or in the Serverless Application Repository, are not of this project. */
function nestedStacks(resources: Document): [id: string, location: string][] {
  return Object.entries(NESTED).flatMap(([type, property]) =>
    resourcesOf(resources, type).flatMap(([id, { [property]: location }]): [string, string][] => {
      // CDK names the file beside the template there, and in the property its place in S3.
      const file = object(object(resources[id]).Metadata)['aws:asset:path'] ?? location
      return typeof file === 'string' && !isElsewhere(file) ? [[id, file]] : []
    }),
  )
}

async function readStack(
  template: Document,
  functions: readonly TemplateFunction[],
  path: string,
): Promise<HttpApiDefinition> {
  const resources = object(template.Resources)
  const globals = object(template.Globals)
  const apis = Object.values(APIS).flatMap((type) => resourcesOf(resources, type))
  const authorizers: Record<string, Authorizer> = {}
  let cors = readCors(object(globals.HttpApi).CorsConfiguration)
  for (const properties of [object(globals.HttpApi), object(globals.Api), ...apis.map(([, each]) => each)]) {
    Object.assign(authorizers, readAuthorizers(object(object(properties.Auth).Authorizers), resources))
    cors ??= readCors(properties.CorsConfiguration)
  }
  const routes = resourcesOf(resources, FUNCTION).flatMap(([id, properties]) =>
    Object.values(object(properties.Events)).flatMap((event) =>
      readEvent(
        object(event),
        namesOf(id, properties),
        defaultAuthorizer(object(event), resources, globals),
        apiProperties(object(event), resources, globals).flatMap(({ BinaryMediaTypes: types }) =>
          binaryTypes(types),
        ),
      ),
    ),
  )
  for (const [id, properties] of apis) {
    const described = openApiRoutes(
      await readDefinition(id, properties, path),
      (functionId) => namesOf(functionId, object(object(resources[functionId]).Properties)),
      defaultOf(object(properties.Auth).DefaultAuthorizer),
    )
    // Events of functions may say the same once more.
    routes.push(...described.filter(({ key }) => !routes.some((route) => route.key === key)))
  }
  const own = readApiGateway(resources)
  return {
    routes: [...routes, ...own.routes],
    cors: cors ?? own.cors,
    preflights: own.preflights ?? [],
    authorizers: { ...own.authorizers, ...authorizers },
    functions,
  }
}

function defaultOf(authorizer: unknown): string | undefined {
  return typeof authorizer === 'string' && authorizer !== 'NONE' ? authorizer : undefined
}

/** The OpenAPI of an API, in the template or in a file; empty where it has none, or that is elsewhere, in S3. */
async function readDefinition(id: string, properties: Document, path: string): Promise<Document> {
  const { DefinitionBody: body, DefinitionUri: uri } = properties
  const { Name: name, Parameters: parameters } = object(object(body)['Fn::Transform'])
  const location = name === 'AWS::Include' ? object(parameters).Location : uri
  if (typeof location !== 'string' || isElsewhere(location)) {
    return object(body)
  }
  const file = resolve(dirname(path), location)
  return object(parseYaml(await readNamed(file, `the OpenAPI definition of ${id}, named in ${path}`), file))
}

function readEvent(
  event: Document,
  functionNames: readonly string[],
  byDefault: string | undefined,
  binary: readonly string[],
): Route[] {
  const { Type: type } = event
  if (type !== 'HttpApi' && type !== 'Api') {
    return []
  }
  const properties = object(event.Properties)
  const auth = object(properties.Auth)
  const method = String(properties.Method ?? 'ANY').toUpperCase()
  const authorizer = typeof auth.Authorizer === 'string' ? auth.Authorizer : byDefault
  const key =
    properties.Path === undefined
      ? '$default'
      : `${method === 'X-AMAZON-APIGATEWAY-ANY-METHOD' ? 'ANY' : method} ${properties.Path}`
  return [
    {
      key,
      functionNames,
      payload: payloadFormat(properties.PayloadFormatVersion, type === 'Api' ? '1.0' : '2.0'),
      binaryTypes: type === 'Api' ? binary : undefined,
      authorizer: authorizer === 'NONE' ? undefined : authorizer,
      scopes: Array.isArray(auth.AuthorizationScopes) ? auth.AuthorizationScopes.map(String) : undefined,
    },
  ]
}

function defaultAuthorizer(event: Document, resources: Document, globals: Document): string | undefined {
  const [own, ofAll] = apiProperties(event, resources, globals).map(({ Auth: auth }) => object(auth))
  const found = own?.DefaultAuthorizer ?? ofAll?.DefaultAuthorizer
  return typeof found === 'string' ? found : undefined
}

/** Of the API that an event belongs to, and what is so for all of its kind. */
function apiProperties(event: Document, resources: Document, globals: Document): Document[] {
  const type = event.Type === 'Api' ? 'Api' : 'HttpApi'
  const named = referenced(object(event.Properties)[type === 'Api' ? 'RestApiId' : 'ApiId'])
  return [object(object(resources[named ?? '']).Properties), object(globals[type])]
}

function readAuthorizers(authorizers: Document, resources: Document): Record<string, Authorizer> {
  return Object.fromEntries(
    Object.entries(authorizers).flatMap(([name, value]) => {
      const authorizer = readAuthorizer(object(value), resources)
      return authorizer === undefined ? [] : [[name, authorizer]]
    }),
  )
}

function readAuthorizer(value: Document, resources: Document): Authorizer | undefined {
  const jwt = object(value.JwtConfiguration)
  if (typeof jwt.issuer === 'string' || typeof jwt.Issuer === 'string') {
    return {
      kind: 'jwt',
      issuer: String(jwt.issuer ?? jwt.Issuer),
      audience: [jwt.audience ?? jwt.Audience ?? []].flat().map(String),
      identitySource: typeof value.IdentitySource === 'string' ? value.IdentitySource : TOKEN,
    }
  }
  const id = referenced(value.FunctionArn)
  if (id === undefined) {
    return undefined
  }
  const headers = object(value.Identity).Headers ?? object(value.Identity).Header
  const sources =
    headers === undefined ? [TOKEN] : [headers].flat().map((header) => `$request.header.${header}`)
  return {
    kind: 'lambda',
    functionNames: namesOf(id, object(object(resources[id]).Properties)),
    payload: payloadFormat(value.AuthorizerPayloadFormatVersion, '1.0'),
    identitySources: sources,
    isSimple: value.EnableSimpleResponses === true,
  }
}

function readCors(value: unknown): CorsConfiguration | undefined {
  if (value === true) {
    return { AllowOrigins: ['*'], AllowMethods: ['*'], AllowHeaders: ['*'] }
  }
  return isObject(value) ? (value as CorsConfiguration) : undefined
}

function parseTemplate(text: string, path: string, isLong = false): Document {
  const template = parseYaml(text, path, isLong)
  if (isObject(template) && isObject(template.Resources)) {
    return template
  }
  throw new HttpApiError(`expected a SAM template with Resources, but ${path} has none; name another file`)
}

/** `isLong`: with the long form of what refers to something. */
function parseYaml(text: string, path: string, isLong = false): unknown {
  try {
    return parse(text, {
      customTags: INTRINSICS.flatMap((name) => intrinsicTags(name, isLong)),
      logLevel: 'error',
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : error
    throw new HttpApiError(`expected a SAM template, but ${path} cannot be read (${reason}); correct it`, {
      cause: error,
    })
  }
}

/** `!Ref X` and its like: the value that follows, whatever it is; or `{ Ref: X }`, which no text can be taken for. */
function intrinsicTags(name: string, isLong: boolean): (ScalarTag | CollectionTag)[] {
  const tag = `!${name}`
  const key = name === 'Ref' ? name : `Fn::${name}`
  return [
    { tag, resolve: (value: string) => (isLong ? { [key]: value } : value) },
    { tag, collection: 'seq' },
    { tag, collection: 'map' },
  ]
}
