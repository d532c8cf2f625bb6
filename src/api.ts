/** The JavaScript API, `lambdabin/api`: what the command line does, with results and errors as values. */
export {
  type BuildOptions,
  type BuildProgress,
  type BuildResult,
  build,
  type FailedFunction,
  type FunctionProgress,
} from './api/build.ts'
export { LambdabinError, type LambdabinErrorCode } from './api/lambdabin-error.ts'
export type { BuiltFunction } from './compiler/built-function.ts'
