import { defineConfig } from 'lambdabin/config'

export default defineConfig({
  functions: 'src/*/index.ts',
})
