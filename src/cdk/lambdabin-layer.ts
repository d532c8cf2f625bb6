/** `LambdabinLayer`: an AWS CDK construct for the runtime as a layer, made while the app is synthesised. */
import { resolve } from 'node:path'
import process from 'node:process'
import { Stack } from 'aws-cdk-lib'
import {
  type Architecture,
  LayerVersion,
  type LayerVersionOptions,
  type LayerVersionProps,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { buildLayerForSynth, type SynthLayerOptions } from './build-for-synth.ts'
import { architectureOf, archOf, codeNotBuilt, codeOf } from './built-asset.ts'
import { checkProperties } from './check-properties.ts'

/** As of `LayerVersion` of `aws-cdk-lib/aws-lambda`, but for code, compatible runtimes and architectures, and with these. */
export interface LambdabinLayerProps extends LayerVersionOptions {
  /** That of the functions. By default x86_64. */
  readonly architecture?: Architecture
  /** The folder that paths are relative to. By default the current folder, where `cdk` is started. */
  readonly projectRoot?: string
  /** Options of `lambdabin layer`, in camel case. */
  readonly build?: SynthLayerOptions
}

/**
 * The runtime of functions that are built with `forLayer`. Made while the app is synthesised, once for each version of lambdabin, into an
 * asset that is the zip of `lambdabin layer`.
 */
export class LambdabinLayer extends LayerVersion {
  /** Of the executable in it; undefined where it was not made. */
  readonly architecture: Architecture | undefined

  constructor(scope: Construct, id: string, props: LambdabinLayerProps = {}) {
    const made = layerProps(scope, id, props)
    super(scope, id, made)
    this.architecture = made.compatibleArchitectures?.[0]
  }
}

function layerProps(scope: Construct, id: string, props: LambdabinLayerProps): LayerVersionProps {
  checkProperties(`LambdabinLayer ${id}`, props)
  const { architecture, projectRoot = process.cwd(), build = {}, ...options } = props
  const compatibleRuntimes = [Runtime.PROVIDED_AL2023]
  // False for commands that deploy nothing of this stack.
  if (!Stack.of(scope).bundlingRequired) {
    return { ...options, compatibleRuntimes, code: codeNotBuilt() }
  }
  const built = buildLayerForSynth({
    projectRoot: resolve(projectRoot),
    arch: architecture && archOf(architecture),
    options: build,
  })
  return {
    ...options,
    compatibleRuntimes,
    compatibleArchitectures: [architectureOf(built)],
    code: codeOf(built),
  }
}
