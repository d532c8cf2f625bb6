import type { Handler } from 'lambdabin'

export const handler: Handler = async (event: { quantity: number }) => ({
  ordered: event.quantity,
  stage: process.env.STAGE ?? 'none',
})
