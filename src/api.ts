/** The JavaScript API, `lambdabin/api`: what the command line does, with results and errors as values. */
import './api/check-node-version.ts'

export {
  type BuildOptions,
  type BuildProgress,
  type BuildResult,
  type BuiltFunction,
  build,
  type FailedFunction,
  type FunctionProgress,
} from './api/build.ts'
export { buildLayer, type LayerOptions, type LayerResult } from './api/build-layer.ts'
export {
  createLocalLambda,
  type LocalInvokeOptions,
  LocalLambda,
  type LocalLambdaOptions,
  type LocalLambdaResult,
} from './api/create-local-lambda.ts'
export { type HttpEventOptions, httpEvent } from './api/http-event.ts'
export { type InspectOptions, type InspectResult, inspect } from './api/inspect.ts'
export type { InvocationResult } from './api/invocation-result.ts'
export { type InvokeOptions, invoke } from './api/invoke.ts'
export { type FunctionErrorDocument, LambdabinError, type LambdabinErrorCode } from './api/lambdabin-error.ts'
export { type PrefetchedNode, type PrefetchOptions, type PrefetchResult, prefetch } from './api/prefetch.ts'
export { sampleEvent } from './api/sample-event.ts'
export type { BuiltLayer } from './compiler/layer/build-layer.ts'
export type { FunctionRequest } from './compiler/local-run/stubbed-network.ts'
export type { SampleName } from './events/sample-events.ts'
export type { Inspection } from './inspect/package/inspection.ts'
export type { StartMeasurement } from './inspect/start/measure-start.ts'
