/** Where deployment packages come from that a request names by `S3Bucket` and `S3Key`: a folder or an endpoint for each. */

import { readFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import { InvalidParameterValueException } from '../lambda-error.ts'

const FETCH_TIMEOUT_MS = 60_000

export class CodeBuckets {
  /** Of each bucket a folder, or the URL of an endpoint that has it (`http://localhost:4566/bucket`). */
  readonly #places: ReadonlyMap<string, string>

  constructor(places: ReadonlyMap<string, string>) {
    this.#places = places
  }

  /** Rejects with an InvalidParameterValueException when there is no such object. */
  async read(bucket: string, key: string): Promise<Buffer> {
    const place = this.#places.get(bucket)
    if (place === undefined) {
      throw new InvalidParameterValueException(
        `Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: no bucket ${bucket} is known here; ` +
          `start the emulator with --s3 ${bucket}=FOLDER, or send the zip itself as ZipFile`,
      )
    }
    try {
      return await (/^https?:/.test(place) ? fetchObject(place, key) : readFile(within(place, key)))
    } catch (error) {
      const reason = error instanceof Error ? error.message : error
      throw new InvalidParameterValueException(
        `Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: ${key} of the bucket ${bucket} cannot be read (${reason}); put it there`,
        error,
      )
    }
  }
}

/** A key may have slashes, and must not climb out. */
function within(folder: string, key: string): string {
  const path = normalize(key)
  if (path.startsWith('..') || path.startsWith('/')) {
    throw new Error('it is not a key of this bucket')
  }
  return join(folder, path)
}

async function fetchObject(endpoint: string, key: string): Promise<Buffer> {
  const url = `${endpoint.replace(/\/$/, '')}/${key.split('/').map(encodeURIComponent).join('/')}`
  const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) })
  if (!response.ok) {
    throw new Error(`${url} answers ${response.status}`)
  }
  return Buffer.from(await response.arrayBuffer())
}
