/**
 * Which function a request of an HTTP API is for: by method and path, as API Gateway has it.
 *
 * A route is `GET /orders/{id}`, `ANY /files/{proxy+}` or `$default`. The most specific one counts: its method before
 * ANY, plain parts of the path before `{parameters}`, those before a greedy `{proxy+}`, and `$default` last.
 */

export interface Route {
  /** As it is written: `GET /orders/{id}`. */
  key: string
  /** Names that its function may have here, the likeliest first. */
  functionNames: readonly string[]
  payload: '1.0' | '2.0'
  /** Of a REST API: the media types whose bodies are in base64. Without it, as HTTP APIs have it, all are that are no text. */
  binaryTypes?: readonly string[] | undefined
  /** Whether the response comes to the caller as the function writes it. */
  isStreamed?: boolean | undefined
  /** The name of an authorizer. */
  authorizer?: string | undefined
  /** What a token has to allow, one of these. */
  scopes?: readonly string[] | undefined
}

export interface RouteMatch {
  route: Route
  /** Percent-decoded. */
  pathParameters: Readonly<Record<string, string>>
}

const DEFAULT_ROUTE = '$default'

const KEY = /^(ANY|GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/\S*)$/
const SEGMENT = /^(?:\{([A-Za-z0-9_.-]+)(\+)?\}|[^{}]*)$/

interface Pattern {
  route: Route
  method: string
  segments: readonly Segment[]
}

type Segment = { kind: 'plain'; text: string } | { kind: 'parameter' | 'greedy'; name: string }

export class RouteTable {
  readonly #patterns: Pattern[] = []
  readonly #default: Route | undefined

  /** Throws an Error, in a sentence, for a key that is none. */
  constructor(routes: readonly Route[]) {
    for (const route of routes.filter(({ key }) => key !== DEFAULT_ROUTE)) {
      this.#patterns.push(parse(route))
    }
    this.#default = routes.find(({ key }) => key === DEFAULT_ROUTE)
  }

  find(method: string, path: string): RouteMatch | undefined {
    const segments = path.split('/').slice(1)
    let best: { pattern: Pattern; pathParameters: Record<string, string> } | undefined
    for (const pattern of this.#patterns) {
      const fits = pattern.method === 'ANY' || pattern.method === method
      const pathParameters = fits ? match(pattern.segments, segments) : undefined
      if (pathParameters !== undefined && (best === undefined || isMoreSpecific(pattern, best.pattern))) {
        best = { pattern, pathParameters }
      }
    }
    if (best !== undefined) {
      return { route: best.pattern.route, pathParameters: best.pathParameters }
    }
    return this.#default && { route: this.#default, pathParameters: {} }
  }

  /** The methods that a path has, for a preflight. */
  hasPath(path: string): boolean {
    const segments = path.split('/').slice(1)
    return this.#default !== undefined || this.#patterns.some((pattern) => match(pattern.segments, segments))
  }
}

function parse(route: Route): Pattern {
  const [, method, path] = KEY.exec(route.key) ?? []
  if (method === undefined || path === undefined) {
    throw new Error(
      `expected a route such as "GET /orders/{id}" or "$default", but got ${JSON.stringify(route.key)}; correct it`,
    )
  }
  const segments = path.split('/').slice(1).map(segment)
  if (segments.some(({ kind }, index) => kind === 'greedy' && index < segments.length - 1)) {
    throw new Error(
      `expected {…+} at the end of a route, but got ${JSON.stringify(route.key)}; move it there`,
    )
  }
  return { route, method, segments }
}

function segment(text: string): Segment {
  const found = SEGMENT.exec(text)
  if (found === null) {
    throw new Error(
      `expected whole parts in braces, as in /orders/{id}, but got ${JSON.stringify(text)}; correct it`,
    )
  }
  const [, name, plus] = found
  if (name === undefined) {
    return { kind: 'plain', text }
  }
  return { kind: plus === undefined ? 'parameter' : 'greedy', name }
}

function match(pattern: readonly Segment[], path: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {}
  for (const [index, part] of pattern.entries()) {
    const text = path[index]
    if (part.kind === 'greedy') {
      const rest = path.slice(index).join('/')
      return rest === '' ? undefined : { ...parameters, [part.name]: decoded(rest) }
    }
    if (text === undefined || (part.kind === 'plain' ? part.text !== text : text === '')) {
      return undefined
    }
    if (part.kind === 'parameter') {
      parameters[part.name] = decoded(text)
    }
  }
  return pattern.length === path.length ? parameters : undefined
}

const RANKS = { plain: 0, parameter: 1, greedy: 2 }

function isMoreSpecific(left: Pattern, right: Pattern): boolean {
  for (let index = 0; index < Math.max(left.segments.length, right.segments.length); index++) {
    const difference =
      RANKS[left.segments[index]?.kind ?? 'greedy'] - RANKS[right.segments[index]?.kind ?? 'greedy']
    if (difference !== 0) {
      return difference < 0
    }
  }
  return left.method !== 'ANY' && right.method === 'ANY'
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
