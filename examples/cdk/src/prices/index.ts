import type { Handler } from 'lambdabin'

export const handler: Handler = async (event: { quantity: number }) => ({ price: event.quantity * 5 })
