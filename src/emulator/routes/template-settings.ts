/** How a template has its functions run, as far as it says so itself: what it refers to, most of it, is known to a deployment only. */

import type { TemplateFunction, TemplateSettings } from './http-api-definition.ts'
import { type Document, FUNCTIONS, namesOf, object, resourcesOf } from './template-values.ts'

/** The functions of a template that have a handler. `written` is the same with `{ Ref: X }` for `!Ref X`: what is there is to tell a name from a value. */
export function functionsOf(template: Document, written: Document): TemplateFunction[] {
  const resources = object(template.Resources)
  const globals = object(object(template.Globals).Function)
  const writtenGlobals = object(object(written.Globals).Function)
  const parameters = object(written.Parameters)
  return FUNCTIONS.flatMap((type) => resourcesOf(resources, type)).flatMap(([id, properties]) => {
    const handler = properties.Handler ?? globals.Handler
    return typeof handler === 'string'
      ? [
          {
            names: namesOf(id, properties),
            handler,
            settings: settingsOf(
              object(object(object(written.Resources)[id]).Properties),
              writtenGlobals,
              parameters,
            ),
          },
        ]
      : []
  })
}

/** `globals` are SAM's for functions; `parameters` are those of the template, whose defaults count. */
function settingsOf(properties: Document, globals: Document, parameters: Document): TemplateSettings {
  const literal = (value: unknown) => literalOf(value, parameters)
  const [timeout, memorySize] = (['Timeout', 'MemorySize'] as const).map((name) =>
    wholeNumber(literal(properties[name] ?? globals[name])),
  )
  const variables = {
    ...object(object(globals.Environment).Variables),
    ...object(object(properties.Environment).Variables),
  }
  const environment = Object.entries(variables).flatMap(([name, value]): [string, string][] => {
    const known = literal(value)
    return known === undefined ? [] : [[name, known]]
  })
  return {
    ...(timeout !== undefined && { timeout }),
    ...(memorySize !== undefined && { memorySize }),
    environment: Object.fromEntries(environment),
  }
}

/** As CloudFormation has it, text; undefined for what refers to a resource, or is put together. */
function literalOf(value: unknown, parameters: Document): string | undefined {
  if (['string', 'number', 'boolean'].includes(typeof value)) {
    return String(value)
  }
  const { Ref: name, ...others } = object(value)
  return typeof name === 'string' && Object.keys(others).length === 0 && Object.hasOwn(parameters, name)
    ? literalOf(object(parameters[name]).Default, {})
    : undefined
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
