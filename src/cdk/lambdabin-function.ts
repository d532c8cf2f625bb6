/** `LambdabinFunction`: an AWS CDK construct for a function that lambdabin builds while the app is synthesised. */
import { resolve } from 'node:path'
import process from 'node:process'
import { Stack } from 'aws-cdk-lib'
import {
  type FunctionOptions,
  type FunctionProps,
  type ILayerVersion,
  Function as LambdaFunction,
  Runtime,
} from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { type BuiltForSynth, buildForSynth, type SynthBuildOptions } from './build-for-synth.ts'
import { architectureOf, archOf, codeNotBuilt, codeOf } from './built-asset.ts'
import { checkProperties } from './check-properties.ts'
import { LambdabinLayer } from './lambdabin-layer.ts'

/** As of `Function` of `aws-cdk-lib/aws-lambda`, but for code and runtime, and with these. */
export interface LambdabinFunctionProps extends FunctionOptions {
  /** The name of a function in the project's configuration, or the path of a file that exports a handler. */
  readonly entry: string
  /**
   * The name of the export that is called: `create` for the handler setting `orders.create`. By default the one that the plain name
   * finds.
   */
  readonly handler?: string
  /** The folder with the configuration, which paths are relative to. By default the current folder, where `cdk` is started. */
  readonly projectRoot?: string
  /** Options of `lambdabin build`, in camel case. They count more than those of the configuration. */
  readonly build?: SynthBuildOptions
}

/**
 * A function that is its own runtime. It is built while the app is synthesised, once for each content, into an asset that is the zip of
 * `lambdabin build`. Its architecture is that of the property, else of the configuration, else x86_64.
 */
export class LambdabinFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: LambdabinFunctionProps) {
    super(scope, id, functionProps(scope, id, props))
  }

  /** Throws for a layer of the runtime that is of another architecture: Lambda would only tell as the function starts. */
  override addLayers(...layers: ILayerVersion[]): void {
    for (const layer of layers) {
      const given = layer instanceof LambdabinLayer ? layer.architecture : undefined
      if (given !== undefined && given.name !== this.architecture.name) {
        throw new Error(
          `LambdabinFunction ${this.node.id} is for ${this.architecture.name}, and the layer ${layer.node.id} for ${given.name}; give both the same architecture`,
        )
      }
    }
    super.addLayers(...layers)
  }
}

function functionProps(scope: Construct, id: string, props: LambdabinFunctionProps): FunctionProps {
  checkProperties(`LambdabinFunction ${id}`, props, ['entry'])
  const { entry, handler, projectRoot = process.cwd(), build = {}, ...options } = props
  const runtime = Runtime.PROVIDED_AL2023
  // False for commands that deploy nothing of this stack: `cdk list`, `cdk destroy`, another stack alone.
  if (!Stack.of(scope).bundlingRequired) {
    return {
      ...options,
      runtime,
      handler: 'not-built',
      code: codeNotBuilt(),
    }
  }
  const built = buildForSynth({
    entry,
    projectRoot: resolve(projectRoot),
    arch: options.architecture && archOf(options.architecture),
    options: build,
  })
  return {
    architecture: architectureOf(built),
    ...options,
    runtime,
    handler: handlerSetting(built, handler),
    code: codeOf(built),
  }
}

/**
 * The export `handler` is what the plain name finds: `NodejsFunction` calls it so, and who comes from there has it written down, or
 * `index.handler`, by the file that it bundles to.
 */
function handlerSetting({ name, handlers }: BuiltForSynth, given = 'handler'): string {
  const exportName = given.replace(/^index\./, '')
  const setting = exportName === 'handler' ? name : `${name}.${exportName}`
  if (handlers !== null && !handlers.includes(setting)) {
    throw new Error(
      `the function ${name} is not to be had as ${setting}; its handler can be ${handlers.join(', ') || 'nothing, as it exports no function'}`,
    )
  }
  return setting
}
