import { defineConfig } from 'lambdabin/config'

export default defineConfig({
  functions: {
    orders: 'src/orders/index.ts',
    // The same function for Graviton.
    'orders-arm64': { entry: 'src/orders/index.ts', arch: 'arm64' },
    // The same function without a runtime, which is in a layer.
    'orders-of-layer': { entry: 'src/orders/index.ts', forLayer: true },
  },
})
