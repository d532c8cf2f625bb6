import type { BuildOptions } from 'esbuild'

/** What the author has chosen of how sources are read. */
export type SourceOptions = Readonly<
  Pick<BuildOptions, 'tsconfig' | 'tsconfigRaw' | 'loader' | keyof JsxOptions>
>

type JsxOptions = Pick<
  BuildOptions,
  'jsx' | 'jsxFactory' | 'jsxFragment' | 'jsxImportSource' | 'jsxDev' | 'jsxSideEffects'
>
