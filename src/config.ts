/** What `lambdabin.config.ts` imports from `lambdabin/config`. */
export {
  type Config,
  type ConfigContext,
  type ConfigExport,
  defineConfig,
  type FunctionConfig,
} from './configuration/configuration.ts'
export type { EsbuildOptions } from './configuration/esbuild-options.ts'
