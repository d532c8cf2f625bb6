/** What the emulator knows of a function besides its code: the configuration, as Lambda has it and the state keeps it. */

/** Names and units are the Lambda API's. */
export interface FunctionConfiguration {
  functionName: string
  runtime: string
  role: string
  handler: string
  description: string
  /** Seconds. */
  timeout: number
  /** MB. */
  memorySize: number
  environment: Readonly<Record<string, string>>
  architecture: 'x86_64' | 'arm64'
  /** MB of `/tmp`; kept, and not enforced. */
  ephemeralStorage: number
  loggingConfig: Readonly<Record<string, string>>
  tags: Readonly<Record<string, string>>
  /** ARNs of layer versions, the lowest first. */
  layers?: readonly string[]
  /** Whether each tenant has environments of its own. */
  isPerTenant?: boolean
  /** Members that come back as they were given: VpcConfig, TracingConfig, SnapStart and their like. */
  others: Readonly<Record<string, unknown>>
  /** ISO 8601, with the offset written as Lambda does. */
  lastModified: string
  revisionId: string
  /** Undefined: what the account has left. */
  reservedConcurrency?: number
  /** Undefined once it was deleted. */
  url?: FunctionUrlConfiguration
}

/** What Lambda keeps for a version or an alias besides its configuration: by its qualifier. */
export interface QualifiedSettings {
  /** Statements of its resource policy, as they were asked for. */
  policy?: PolicyDocument
  eventInvoke?: EventInvokeConfiguration
  /** Environments to keep warm. */
  provisionedConcurrency?: number
  /** Of an alias; that of `$LATEST` is in the function's configuration. */
  url?: FunctionUrlConfiguration
  runtimeManagement?: RuntimeManagement
}

export interface PolicyDocument {
  revisionId: string
  statements: readonly Readonly<Record<string, unknown>>[]
}

/** Names are the Lambda API's. */
export interface EventInvokeConfiguration {
  MaximumRetryAttempts?: number
  MaximumEventAgeInSeconds?: number
  DestinationConfig?: {
    OnSuccess?: { Destination?: string }
    OnFailure?: { Destination?: string }
  }
  /** Seconds since the epoch. */
  LastModified: number
}

export interface RuntimeManagement {
  UpdateRuntimeOn: string
  RuntimeVersionArn?: string
}

/** A name for a version, or for two. */
export interface Alias {
  name: string
  functionVersion: string
  description: string
  /** Of another version, how much of all invocations it gets, from 0 to 1. */
  weights: Readonly<Record<string, number>>
  revisionId: string
}

export interface FunctionUrlConfiguration {
  /** Made with the function, not by CreateFunctionUrlConfig, which may replace it. */
  isImplicit: boolean
  authType: 'NONE' | 'AWS_IAM'
  invokeMode: 'BUFFERED' | 'RESPONSE_STREAM'
  cors?: CorsConfiguration
  creationTime: string
  lastModifiedTime: string
}

export interface CorsConfiguration {
  AllowCredentials?: boolean
  AllowHeaders?: readonly string[]
  AllowMethods?: readonly string[]
  AllowOrigins?: readonly string[]
  ExposeHeaders?: readonly string[]
  /** Seconds. */
  MaxAge?: number
}

/** What a deployment package was when it came. */
export interface CodeDescription {
  /** Base64 of the SHA-256 of the zip. */
  codeSha256: string
  /** Bytes of the zip. */
  codeSize: number
}

export const DEFAULT_TIMEOUT_SECONDS = 3
export const DEFAULT_MEMORY_MB = 128
export const DEFAULT_EPHEMERAL_STORAGE_MB = 512

export function implicitUrl(now: Date): FunctionUrlConfiguration {
  const time = now.toISOString()
  return {
    isImplicit: true,
    authType: 'NONE',
    invokeMode: 'BUFFERED',
    creationTime: time,
    lastModifiedTime: time,
  }
}

/** As in Lambda's own answers: `2026-11-23T16:41:30.123+0000`. */
export function modifiedAt(now: Date): string {
  return now.toISOString().replace('Z', '+0000')
}
