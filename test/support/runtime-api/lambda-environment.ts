import type { Environment } from '../../../src/runtime/environment.ts'

/** What an execution environment tells the runtime. */
export const ENVIRONMENT: Environment = {
  runtimeApi: '127.0.0.1:1',
  handler: 'orders',
  taskRoot: '/var/task',
  functionName: 'orders',
  functionVersion: '$LATEST',
  memorySize: '128',
  logGroupName: '/aws/lambda/orders',
  logStreamName: '2026/11/23/[$LATEST]0',
}
