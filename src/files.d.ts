/**
 * The types of files that functions import and that are no code. To have them in a project: `/// <reference types="lambdabin/files" />`,
 * or `"types": ["lambdabin/files"]` among the compiler options. `compiler/bundle/file-loaders.ts` does what they say.
 *
 * `ReturnType<typeof Uint8Array.of>` is `Uint8Array<ArrayBuffer>`, and `Uint8Array` with TypeScript before 5.7, where it is not generic.
 */

declare module '*.sql' {
  const text: string
  export default text
}

declare module '*.graphql' {
  const text: string
  export default text
}

declare module '*.gql' {
  const text: string
  export default text
}

declare module '*.html' {
  const text: string
  export default text
}

declare module '*.htm' {
  const text: string
  export default text
}

declare module '*.txt' {
  const text: string
  export default text
}

declare module '*.md' {
  const text: string
  export default text
}

declare module '*.csv' {
  const text: string
  export default text
}

declare module '*.tsv' {
  const text: string
  export default text
}

declare module '*.xml' {
  const text: string
  export default text
}

declare module '*.xsl' {
  const text: string
  export default text
}

declare module '*.proto' {
  const text: string
  export default text
}

declare module '*.hbs' {
  const text: string
  export default text
}

declare module '*.mustache' {
  const text: string
  export default text
}

declare module '*.ejs' {
  const text: string
  export default text
}

declare module '*.liquid' {
  const text: string
  export default text
}

declare module '*.pem' {
  const text: string
  export default text
}

declare module '*.crt' {
  const text: string
  export default text
}

declare module '*.png' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.jpg' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.jpeg' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.gif' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.webp' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.avif' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.ico' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.bmp' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.svg' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.pdf' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.woff' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.woff2' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.ttf' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.otf' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.eot' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.bin' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

/** Exports of the module itself are imported by name, and have no types here. */
declare module '*.wasm' {
  const bytes: ReturnType<typeof Uint8Array.of>
  export default bytes
}

declare module '*.yaml' {
  // biome-ignore lint/suspicious/noExplicitAny: it is whatever is written there, as JSON is to TypeScript.
  const content: any
  export default content
}

declare module '*.yml' {
  // biome-ignore lint/suspicious/noExplicitAny: it is whatever is written there, as JSON is to TypeScript.
  const content: any
  export default content
}
