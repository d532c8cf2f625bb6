import * as aws from '@pulumi/aws'
import * as pulumi from '@pulumi/pulumi'

const role = new pulumi.Config().require('roleArn')

// Each is a zip that `npx lambdabin build` or `npx lambdabin layer` has written. Pulumi compares its content: what has not
// changed is not deployed again.
const zip = (name: string) => new pulumi.asset.FileArchive(`dist/${name}.zip`)

const settings = {
  role,
  runtime: 'provided.al2023',
  memorySize: 256,
  timeout: 10,
  environment: { variables: { STAGE: 'prod' } },
}

const orders = new aws.lambda.Function('orders', {
  ...settings,
  name: 'orders',
  handler: 'orders',
  architectures: ['x86_64'],
  code: zip('orders'),
})

const ordersArm64 = new aws.lambda.Function('orders-arm64', {
  ...settings,
  name: 'orders-arm64',
  handler: 'orders-arm64',
  architectures: ['arm64'],
  code: zip('orders-arm64'),
})

// The runtime, for functions that have none.
const runtime = new aws.lambda.LayerVersion('runtime', {
  layerName: 'lambdabin',
  code: zip('layer'),
  compatibleRuntimes: ['provided.al2023'],
  compatibleArchitectures: ['x86_64'],
})

// Built with `forLayer`: some kilobytes.
const ordersOfLayer = new aws.lambda.Function('orders-of-layer', {
  ...settings,
  name: 'orders-of-layer',
  handler: 'orders-of-layer',
  architectures: ['x86_64'],
  code: zip('orders-of-layer'),
  layers: [runtime.arn],
})

export const functions = {
  orders: orders.arn,
  'orders-arm64': ordersArm64.arn,
  'orders-of-layer': ordersOfLayer.arn,
}
