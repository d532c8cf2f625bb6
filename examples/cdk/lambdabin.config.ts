import { defineConfig } from 'lambdabin/config'

export default defineConfig({
  functions: { orders: 'src/orders/index.ts' },
})
