/** Values of CloudFormation templates, and of SAM's: what they are of, and what they refer to. */

import { posix } from 'node:path'
import { isObject } from './routes-file.ts'

export const FUNCTIONS = ['AWS::Lambda::Function', 'AWS::Serverless::Function']

export type Document = Readonly<Record<string, unknown>>

/** Empty for what is no object. */
export function object(value: unknown): Document {
  return isObject(value) ? value : {}
}

export function resourcesOf(resources: Document, type: string): [id: string, properties: Document][] {
  return Object.entries(resources)
    .filter(([, resource]) => object(resource).Type === type)
    .map(([id, resource]) => [id, object(object(resource).Properties)])
}

/** What a function may be called here, by its logical id and its properties: the likeliest first. */
export function namesOf(id: string, properties: Document): string[] {
  const { FunctionName: name, Handler: handler } = properties
  const stem = id.replace(/Function$/, '')
  const kebab = stem.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()
  return [
    ...(typeof name === 'string' ? [name] : []),
    id,
    ...(typeof handler === 'string' ? [handler.split('.')[0] ?? handler] : []),
    ...new Set([stem, kebab, stem.toLowerCase()]),
    ...(typeof handler === 'string' ? [posix.basename(handler).split('.')[0] ?? handler] : []),
  ]
}

/** The logical id that `!Ref`, `!GetAtt` or `!Sub` name. */
export function referenced(value: unknown): string | undefined {
  if (typeof value === 'string') {
    return /^\$\{(\w+)(?:\.\w+)?\}$/.exec(value)?.[1] ?? /^(\w+)\.(?:Arn|Alias)$/.exec(value)?.[1] ?? value
  }
  const document = object(value)
  const [first] = [document['Fn::GetAtt'] ?? document.Ref ?? document['Fn::Sub']].flat()
  return typeof first === 'string' ? referenced(first) : undefined
}

/** The version of a payload's format; YAML has one without quotes, `2.0`, as a number. */
export function payloadFormat(version: unknown, byDefault: '1.0' | '2.0'): '1.0' | '2.0' {
  const known = { 1: '1.0', 2: '2.0' } as const
  return known[Number(version) as keyof typeof known] ?? byDefault
}
