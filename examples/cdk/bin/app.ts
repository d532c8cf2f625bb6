import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import { Architecture, FunctionUrlAuthType } from 'aws-cdk-lib/aws-lambda'
import { LambdabinFunction, LambdabinLayer } from 'lambdabin/cdk'

const app = new App()
const stack = new Stack(app, 'OrdersStack')

// A function of lambdabin.config.ts, by its name.
const orders = new LambdabinFunction(stack, 'Orders', {
  entry: 'orders',
  memorySize: 256,
  timeout: Duration.seconds(10),
  environment: { STAGE: 'prod' },
})

// A file that exports a handler; its export `list`, for Graviton.
new LambdabinFunction(stack, 'ListUsers', {
  entry: 'src/users/index.ts',
  handler: 'list',
  architecture: Architecture.ARM_64,
})

// Functions that share one runtime, a layer, and are small themselves.
const runtime = new LambdabinLayer(stack, 'Runtime', { description: 'Node.js and the runtime of lambdabin' })
new LambdabinFunction(stack, 'Prices', {
  entry: 'src/prices/index.ts',
  layers: [runtime],
  build: { forLayer: true },
})

const url = orders.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM })
new CfnOutput(stack, 'OrdersUrl', { value: url.url })
