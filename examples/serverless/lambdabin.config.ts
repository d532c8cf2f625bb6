import { defineConfig } from 'lambdabin/config'

export default defineConfig({
  functions: {
    orders: 'src/orders/index.ts',
    // The same function for Graviton.
    'orders-arm64': { entry: 'src/orders/index.ts', arch: 'arm64' },
  },
})
