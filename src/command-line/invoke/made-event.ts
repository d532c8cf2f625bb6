/** Options of `lambdabin invoke` that make an event: of an HTTP request, and samples. */

import { readFile } from 'node:fs/promises'
import process from 'node:process'
import { buffer } from 'node:stream/consumers'
import { type HttpEventOptions, httpEvent } from '../../api/http-event.ts'
import { sampleEvent } from '../../api/sample-event.ts'
import { UsageError } from '../../configuration/usage-error.ts'

export const MADE_EVENT_OPTIONS = {
  http: { type: 'string' },
  header: { type: 'string', multiple: true },
  query: { type: 'string', multiple: true },
  body: { type: 'string' },
  'body-file': { type: 'string' },
  sample: { type: 'string' },
} as const

/** Their values, as node:util's parseArgs returns them. */
export interface MadeEventWords {
  readonly http?: string | undefined
  readonly header?: readonly string[] | undefined
  readonly query?: readonly string[] | undefined
  readonly body?: string | undefined
  readonly 'body-file'?: string | undefined
  readonly sample?: string | undefined
}

/** Makes the event; undefined where none of the options asks for one. */
export type MakeEvent = () => Promise<object>

/** `--http GET /orders/7` as one word, so that the path is not taken for a package. */
export function joinHttpWords(args: readonly string[]): string[] {
  const words = [...args]
  for (const [at, word] of words.entries()) {
    const [, inline] = /^--http(?:=(.*))?$/s.exec(word) ?? []
    const method = word === '--http' ? words[at + 1] : inline
    const pathAt = word === '--http' ? at + 2 : at + 1
    const path = words[pathAt]
    if (method !== undefined && /^[a-z]+$/i.test(method) && path !== undefined && isPath(path)) {
      words.splice(at, pathAt - at + 1, `--http=${method} ${path}`)
      break
    }
  }
  return words
}

function isPath(word: string): boolean {
  return /^(\/|https?:\/\/)/i.test(word)
}

/** Throws a UsageError. */
export function readMadeEvent(words: MadeEventWords): MakeEvent | undefined {
  const { http, sample, header, query, body, 'body-file': bodyFile } = words
  if (http !== undefined && sample !== undefined) {
    throw new UsageError('expected one of --http and --sample, but got both; keep one')
  }
  if (body !== undefined && bodyFile !== undefined) {
    throw new UsageError('expected one of --body and --body-file, but got both; keep one')
  }
  if (http !== undefined) {
    const request = readRequest(http, header, query)
    return async () =>
      httpEvent({ ...request, body: bodyFile === undefined ? body : await readBody(bodyFile) })
  }
  const [alone] = (['header', 'query'] as const).filter((name) => words[name] !== undefined)
  if (alone !== undefined) {
    throw new UsageError(`expected --http with --${alone}, but got none; put --http GET /path before it`)
  }
  if (sample !== undefined) {
    return async () =>
      sampleEvent(sample, bodyFile === undefined ? body : (await readBody(bodyFile)).toString())
  }
  if (body !== undefined || bodyFile !== undefined) {
    throw new UsageError(
      'expected --http or --sample with a body, but got neither; give the event with --event',
    )
  }
  return undefined
}

function readRequest(
  http: string,
  header: readonly string[] = [],
  query: readonly string[] = [],
): HttpEventOptions {
  const [first = '', ...rest] = http.trim().split(/\s+/)
  const [method, path] = isPath(first) ? [undefined, first] : [first, rest[0]]
  if (path === undefined || rest.length > (method === undefined ? 0 : 1)) {
    throw new UsageError(
      `expected --http with a method and a path, as in --http GET /orders/7, but got ${JSON.stringify(http)}; begin the path with /`,
    )
  }
  return { method, path, headers: readPairs('header', header), query: readPairs('query', query) }
}

const SEPARATORS = { header: ':', query: '=' } as const

function readPairs(option: keyof typeof SEPARATORS, words: readonly string[]): Record<string, string[]> {
  const separator = SEPARATORS[option]
  const pairs: Record<string, string[]> = {}
  for (const word of words) {
    const at = word.indexOf(separator)
    if (at < 1) {
      const form = option === 'header' ? "'NAME: VALUE'" : 'NAME=VALUE'
      throw new UsageError(
        `expected --${option} ${form}, but got ${JSON.stringify(word)}; put a name and ${separator} before the value`,
      )
    }
    const name = word.slice(0, at).trim()
    const value = word.slice(at + 1)
    pairs[name] = [...(pairs[name] ?? []), option === 'header' ? value.trim() : value]
  }
  return pairs
}

async function readBody(path: string): Promise<Buffer> {
  if (path === '-') {
    return await buffer(process.stdin)
  }
  try {
    return await readFile(path)
  } catch (error) {
    throw new UsageError(`expected a file with the body, but cannot read ${path}; check --body-file`, {
      cause: error,
    })
  }
}
