/** What a function that calls AWS touches of Node.js, for `../hot-pages.ts`: it checks an order and marshals it, and returns its event. */

import { handler as takeOrder } from '../bench/functions/sdk.ts'

const ORDER = {
  customer: 'c-1842',
  email: 'jane@example.com',
  items: [{ sku: 'A-100', quantity: 2, price: 19.5 }],
}

export const handler = async (event: unknown) => {
  await takeOrder(ORDER)
  return event
}
