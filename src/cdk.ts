/** What AWS CDK apps import from `lambdabin/cdk`. */
export { LambdabinFunction, type LambdabinFunctionProps } from './cdk/lambdabin-function.ts'
export { LambdabinLayer, type LambdabinLayerProps } from './cdk/lambdabin-layer.ts'
