/** Millions of bytes, as file managers and AWS's console show them: `35.8 MB`. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
