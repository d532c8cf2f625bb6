/**
 * The routes of API Gateway's own resources in a template, as CDK and those who write CloudFormation have them: HTTP APIs
 * (`AWS::ApiGatewayV2::Route`) and REST APIs (`AWS::ApiGateway::Method`), with their authorizers and the CORS configuration. What is no
 * function's (another server, a mock but for those of preflights) and what only AWS can check (IAM, Cognito's user pools of REST APIs) is
 * left out.
 */

import type { CorsConfiguration } from '../functions/function-configuration.ts'
import type { Authorizer, HttpApiDefinition, Preflight } from './http-api-definition.ts'
import { binaryTypes, isStreamed, mockAnswer } from './rest-api.ts'
import type { Route } from './route-table.ts'
import { isObject } from './routes-file.ts'
import { type Document, FUNCTIONS, namesOf, object, payloadFormat, resourcesOf } from './template-values.ts'

/** Whose `FunctionName` is a function. */
const OF_FUNCTIONS = ['AWS::Lambda::Alias', 'AWS::Lambda::Version']

export function readApiGateway(resources: Document): HttpApiDefinition {
  const reader = new Reader(resources)
  const authorizers = {
    ...reader.authorizers('AWS::ApiGatewayV2::Authorizer', 'AuthorizerType'),
    ...reader.authorizers('AWS::ApiGateway::Authorizer', 'Type'),
  }
  const routes = [...reader.routesOfHttpApis(), ...reader.routesOfRestApis()]
  const [cors] = resourcesOf(resources, 'AWS::ApiGatewayV2::Api').flatMap(
    ([, { CorsConfiguration: each }]) => (isObject(each) ? [each as CorsConfiguration] : []),
  )
  return {
    routes: routes.map((route) => ({
      ...route,
      authorizer: Object.hasOwn(authorizers, route.authorizer ?? '') ? route.authorizer : undefined,
    })),
    cors,
    preflights: reader.preflightsOfRestApis(),
    authorizers,
  }
}

class Reader {
  readonly #resources: Document

  constructor(resources: Document) {
    this.#resources = resources
  }

  /** Each by its logical id. */
  authorizers(type: string, kind: string): Record<string, Authorizer> {
    return Object.fromEntries(
      resourcesOf(this.#resources, type).flatMap(([id, properties]) => {
        const authorizer = this.#authorizer(properties, String(properties[kind]))
        return authorizer === undefined ? [] : [[id, authorizer]]
      }),
    )
  }

  #authorizer(properties: Document, kind: string): Authorizer | undefined {
    const identitySources = [properties.IdentitySource ?? '$request.header.Authorization']
      .flat()
      .flatMap((each) => String(each).split(','))
      // REST APIs have `method.request.header.Authorization`.
      .map((each) => each.trim().replace(/^method\.request\./, '$request.'))
    const { Issuer: issuer, Audience: audience } = object(properties.JwtConfiguration)
    if (kind === 'JWT') {
      return typeof issuer === 'string'
        ? {
            kind: 'jwt',
            issuer,
            audience: [audience ?? []].flat().map(String),
            identitySource: String(identitySources[0]),
          }
        : undefined
    }
    const functionNames = this.#functionNames(properties.AuthorizerUri)
    return functionNames === undefined
      ? undefined
      : {
          kind: 'lambda',
          functionNames,
          payload: payloadFormat(properties.AuthorizerPayloadFormatVersion, '1.0'),
          identitySources,
          isSimple: properties.EnableSimpleResponses === true,
        }
  }

  routesOfHttpApis(): Route[] {
    return resourcesOf(this.#resources, 'AWS::ApiGatewayV2::Route').flatMap(([, properties]): Route[] => {
      const [api] = this.#referred(properties.ApiId)
      if (this.#properties(api).ProtocolType === 'WEBSOCKET') {
        return []
      }
      const [target] = this.#referred(properties.Target)
      const integration = this.#properties(target)
      const functionNames = this.#functionNames(integration.IntegrationUri)
      return functionNames === undefined
        ? []
        : [
            {
              key: String(properties.RouteKey),
              functionNames,
              payload: payloadFormat(integration.PayloadFormatVersion, '1.0'),
              ...this.#authorization(properties),
            },
          ]
    })
  }

  routesOfRestApis(): Route[] {
    return this.#methods().flatMap(({ key, integration, properties }): Route[] => {
      const functionNames = this.#functionNames(integration.Uri)
      const [api] = this.#referred(properties.RestApiId)
      return functionNames === undefined
        ? []
        : [
            {
              key,
              functionNames,
              payload: '1.0',
              binaryTypes: binaryTypes(this.#properties(api).BinaryMediaTypes),
              isStreamed: isStreamed(integration.Uri),
              ...this.#authorization(properties),
            },
          ]
    })
  }

  preflightsOfRestApis(): Preflight[] {
    return this.#methods().flatMap(({ key, integration }) => {
      const answer = key.startsWith('OPTIONS ') ? mockAnswer(integration) : undefined
      return answer === undefined ? [] : [{ key, answer }]
    })
  }

  /** Those of REST APIs whose paths are known. */
  #methods(): { key: string; integration: Document; properties: Document }[] {
    return resourcesOf(this.#resources, 'AWS::ApiGateway::Method').flatMap(([, properties]) => {
      const path = this.#pathOf(properties.ResourceId)
      const key = `${String(properties.HttpMethod).toUpperCase()} ${path}`
      return path === undefined ? [] : [{ key, integration: object(properties.Integration), properties }]
    })
  }

  #authorization({ AuthorizerId: id, AuthorizationScopes: scopes }: Document) {
    return {
      authorizer: this.#referred(id)[0],
      scopes: Array.isArray(scopes) ? scopes.map(String) : undefined,
    }
  }

  /** `/orders/{id}`, of a resource of a REST API; undefined where one above it is another stack's. */
  #pathOf(resource: unknown, above: readonly string[] = []): string | undefined {
    const [id] = this.#referred(resource)
    const type = this.#typeOf(id)
    if (type === 'AWS::ApiGateway::RestApi') {
      return `/${above.join('/')}`
    }
    // No path has more parts; a template may lead in a circle.
    if (type !== 'AWS::ApiGateway::Resource' || above.length > 100) {
      return undefined
    }
    const { ParentId: parent, PathPart: part } = this.#properties(id)
    return this.#pathOf(parent, [String(part), ...above])
  }

  /** Of the function that a URI leads to, also by an alias or a version; undefined where it leads to none of this template's. */
  #functionNames(uri: unknown): string[] | undefined {
    const id = this.#referred(uri)
      .flatMap((each) =>
        OF_FUNCTIONS.includes(this.#typeOf(each))
          ? this.#referred(this.#properties(each).FunctionName)
          : [each],
      )
      .find((each) => FUNCTIONS.includes(this.#typeOf(each)))
    return id === undefined ? undefined : namesOf(id, this.#properties(id))
  }

  #typeOf(id: string | undefined): string {
    return String(object(this.#resources[id ?? '']).Type)
  }

  #properties(id: string | undefined): Document {
    return object(object(this.#resources[id ?? '']).Properties)
  }

  /** The resources of this template that a value refers to, wherever in it, in their order. */
  #referred(value: unknown): string[] {
    if (typeof value === 'string') {
      // As `!Sub` has them, and as YAML's short forms of `!Ref` and `!GetAtt` are read.
      const names = [...value.matchAll(/\$\{(\w+)(?:\.\w+)?\}|^(\w+)(?:\.\w+)?$/g)]
      return names
        .flatMap(([, inText, whole]) => inText ?? whole ?? [])
        .filter((id) => Object.hasOwn(this.#resources, id))
    }
    if (Array.isArray(value)) {
      return value.flatMap((each) => this.#referred(each))
    }
    return Object.values(object(value)).flatMap((each) => this.#referred(each))
  }
}
