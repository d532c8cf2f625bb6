/**
 * The routes of an API that a template describes by OpenAPI with API Gateway's extensions: of each operation whose integration
 * (`x-amazon-apigateway-integration`) is a function.
 */

import type { Route } from './route-table.ts'
import { type Document, object, payloadFormat } from './template-values.ts'

const ANY_METHOD = 'x-amazon-apigateway-any-method'
const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', ANY_METHOD]

/** `namesOf` are those of the function with a logical id; `byDefault` is the authorizer of operations that name none. */
export function openApiRoutes(
  definition: Document,
  namesOf: (id: string) => readonly string[],
  byDefault: string | undefined,
): Route[] {
  return Object.entries(object(definition.paths)).flatMap(([path, item]) =>
    METHODS.flatMap((method): Route[] => {
      const operation = object(object(item)[method])
      const integration = object(operation['x-amazon-apigateway-integration'])
      const id = functionOf(integration.uri)
      if (id === undefined) {
        return []
      }
      const [authorizer, scopes] = securityOf(operation, byDefault)
      return [
        {
          key:
            path === '/$default'
              ? '$default'
              : `${method === ANY_METHOD ? 'ANY' : method.toUpperCase()} ${path}`,
          functionNames: namesOf(id),
          payload: payloadFormat(integration.payloadFormatVersion, '1.0'),
          authorizer,
          scopes,
        },
      ]
    }),
  )
}

/** The logical id in `arn:aws:apigateway:…:lambda:path/…/functions/${OrdersFunction.Arn}/invocations`, or of a function's ARN itself. */
function functionOf(uri: unknown): string | undefined {
  const { 'Fn::Sub': sub, 'Fn::GetAtt': attribute } = object(uri)
  const text = [sub ?? uri].flat()[0]
  const got = [attribute ?? []].flat()[0]
  const found =
    typeof got === 'string'
      ? /^(\w+)/.exec(got)
      : /\$\{(\w+)\.(?:Arn|Alias)\}|^(\w+)\.Arn$/.exec(String(text))
  return found?.[1] ?? found?.[2]
}

function securityOf(
  { security }: Document,
  byDefault: string | undefined,
): [authorizer: string | undefined, scopes: string[] | undefined] {
  if (!Array.isArray(security)) {
    return [byDefault, undefined]
  }
  const [[name, scopes] = []] = Object.entries(object(security[0]))
  return [
    name === 'NONE' ? undefined : name,
    Array.isArray(scopes) && scopes.length > 0 ? scopes.map(String) : undefined,
  ]
}
