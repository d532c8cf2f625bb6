/** The members of a request that bring code: a zip in base64, or an object of a bucket. */

import type { CodeBuckets } from '../code/code-buckets.ts'
import { InvalidParameterValueException, RequestTooLargeException } from '../lambda-error.ts'
import { readString } from './members.ts'

type Document = Readonly<Record<string, unknown>>

/** Lambda's, for the whole request: 50 MB of zip in base64, and some more. */
export const MAX_CODE_REQUEST_BYTES = 70_167_211
const MAX_ZIP_BYTES = 50 * 1024 * 1024

export async function readCode(code: Document, buckets: CodeBuckets): Promise<Buffer> {
  if (code.ImageUri !== undefined && code.ImageUri !== null) {
    throw new InvalidParameterValueException(
      'packages that are container images cannot be run here, as there is nothing to run images with; send a zip',
    )
  }
  const bucket = readString(code, 'S3Bucket')
  const key = readString(code, 'S3Key')
  if (bucket !== undefined && key !== undefined) {
    return await buckets.read(bucket, key)
  }
  return readZip(code)
}

function readZip(code: Document): Buffer {
  const text = readString(code, 'ZipFile')
  if (text === undefined) {
    throw new InvalidParameterValueException(
      'expected ZipFile with the deployment package, or S3Bucket and S3Key, but got neither; ' +
        'use --zip-file fileb://function.zip',
    )
  }
  const zip = Buffer.from(text, 'base64')
  if (zip.length === 0) {
    throw new InvalidParameterValueException('expected ZipFile with a deployment package, but it is empty')
  }
  if (zip.length > MAX_ZIP_BYTES) {
    throw new RequestTooLargeException(
      `expected a zip of ${MAX_ZIP_BYTES} bytes at most, as Lambda does, but got ${zip.length}; leave some files out`,
    )
  }
  return zip
}
