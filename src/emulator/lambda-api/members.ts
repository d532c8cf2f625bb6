/** Reads the members of a request's document; what does not have the form that the API describes is refused. */

import { ValidationException } from '../lambda-error.ts'

type Document = Readonly<Record<string, unknown>>

export function readString(
  document: Document,
  member: string,
  pattern?: RegExp,
  form = 'a string',
): string | undefined {
  const value = document[member] ?? undefined
  if (value !== undefined && (typeof value !== 'string' || pattern?.test(value) === false)) {
    throw invalid(member, value, form)
  }
  return value as string | undefined
}

export function readInteger(
  document: Document,
  member: string,
  least: number,
  most: number,
): number | undefined {
  const value = document[member] ?? undefined
  if (value !== undefined && !(Number.isInteger(value) && Number(value) >= least && Number(value) <= most)) {
    throw invalid(member, value, `a whole number from ${least} to ${most}`)
  }
  return value as number | undefined
}

export function readBoolean(document: Document, member: string): boolean | undefined {
  const value = document[member] ?? undefined
  if (value !== undefined && typeof value !== 'boolean') {
    throw invalid(member, value, 'true or false')
  }
  return value as boolean | undefined
}

export function readChoice<Choice extends string>(
  document: Document,
  member: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = document[member] ?? undefined
  if (value !== undefined && !choices.includes(value as Choice)) {
    throw invalid(member, value, `one of [${choices.join(', ')}]`)
  }
  return value as Choice | undefined
}

export function readObject(document: Document, member: string): Record<string, unknown> | undefined {
  const value = document[member] ?? undefined
  if (value !== undefined && (typeof value !== 'object' || Array.isArray(value))) {
    throw invalid(member, value, 'an object')
  }
  return value as Record<string, unknown> | undefined
}

export function readStrings(document: Document, member: string): string[] | undefined {
  const value = document[member] ?? undefined
  if (value !== undefined && !(Array.isArray(value) && value.every((item) => typeof item === 'string'))) {
    throw invalid(member, value, 'a list of strings')
  }
  return value as string[] | undefined
}

export function readStringMap(document: Document, member: string): Record<string, string> | undefined {
  const value = readObject(document, member)
  if (value !== undefined && !Object.values(value).every((item) => typeof item === 'string')) {
    throw invalid(member, value, 'an object whose members are strings')
  }
  return value as Record<string, string> | undefined
}

/** A number that came as text, in a query or a header. */
export function integerOf(
  text: string | null,
  name: string,
  least: number,
  most: number,
): number | undefined {
  if (text === null) {
    return undefined
  }
  return readInteger({ [name]: /^-?\d{1,15}$/.test(text) ? Number(text) : text }, name, least, most)
}

function invalid(member: string, value: unknown, expected: string): ValidationException {
  const name = member.charAt(0).toLowerCase() + member.slice(1)
  const shown = JSON.stringify(value)?.slice(0, 200)
  return new ValidationException(
    `1 validation error detected: Value ${shown} at '${name}' failed to satisfy constraint: expected ${expected}`,
  )
}
