/** What a configuration may hold: the types of `lambdabin.config.ts`. */
import type { BUILD_OPTIONS, FUNCTION_OPTIONS } from './build-options.ts'
import type { EsbuildOptions } from './esbuild-options.ts'
import type { Written } from './option.ts'
import type { RUN_OPTIONS } from './run-options.ts'

/** The options of one function. What is left out is as it is for all. */
export interface FunctionConfig extends Written<typeof FUNCTION_OPTIONS>, Written<typeof RUN_OPTIONS> {
  /** The file that exports the handler, relative to the configuration's folder. */
  readonly entry?: string | undefined
  /** esbuild's options, by its own names; they are added to those that are for all. */
  readonly esbuild?: EsbuildOptions | undefined
}

/** A configuration: functions, and options that hold for all of them unless they have their own. */
export interface Config extends Omit<FunctionConfig, 'entry' | 'name'>, Written<typeof BUILD_OPTIONS> {
  /**
   * The functions: the pattern of their entries (`src/functions/*.ts`), several patterns, or an object. In that, a key is a
   * function's name or a pattern, and its value an entry or options.
   */
  readonly functions?:
    | string
    | readonly string[]
    | Readonly<Record<string, string | FunctionConfig>>
    | undefined
}

/** What a configuration is asked for, when it is a function. */
export interface ConfigContext {
  /** `build`, `serve` and so on. */
  readonly command: string
}

/** What the default export of a configuration file may be. */
export type ConfigExport = Config | Promise<Config> | ((context: ConfigContext) => Config | Promise<Config>)

/** Returns its argument: for an editor to know what may stand there. */
export function defineConfig(config: ConfigExport): ConfigExport {
  return config
}
