/** What lambdabin builds, in the AWS CDK's terms. */
import { fileURLToPath } from 'node:url'
import { Architecture, type AssetCode, Code } from 'aws-cdk-lib/aws-lambda'
import type { BuiltLayerForSynth } from './build-for-synth.ts'

/** An asset that is the zip: the same content is the same asset. */
export function codeOf({ zip, CodeSha256 }: BuiltLayerForSynth): AssetCode {
  return Code.fromAsset(zip, { assetHash: Buffer.from(CodeSha256, 'base64').toString('hex') })
}

/** Of a stack that nothing is built for: an asset must be something, and this folder is small. */
export function codeNotBuilt(): AssetCode {
  return Code.fromAsset(fileURLToPath(new URL('../../bin/', import.meta.url)), { assetHash: 'not-built' })
}

export function architectureOf({ arch }: BuiltLayerForSynth): Architecture {
  return arch === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64
}

export function archOf(architecture: Architecture): 'x64' | 'arm64' {
  return architecture.name === Architecture.ARM_64.name ? 'arm64' : 'x64'
}
