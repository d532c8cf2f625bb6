/** What the executable carries for the runtime to run: the agreement between `launcher.ts` and `main.ts`. */
export interface Program {
  /** The name that V8 knows the bundled function by: where its stack frames say they are. */
  readonly functionFile: string
  /** The same for the runtime's own bundle. */
  readonly runtimeFile: string
  /** Whether the function's module was evaluated when the executable was built: `--init build`. */
  readonly isInitialisedAtBuild?: boolean
  /** Evaluates the function's module, and returns its exports, or a promise of them when it awaits at its top level. */
  loadFunction(): unknown
  /** The function's source map as JSON; undefined when the executable has none. */
  readSourceMap(): string | undefined
}
