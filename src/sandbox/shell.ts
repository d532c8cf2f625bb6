/** Lines for sh, which sets a process up before it becomes the program. */

/** The shell puts itself into each, and what it becomes is there, too. */
export function enterCgroups(files: readonly string[] = []): string[] {
  return files.map((file) => `echo 0 >${quoted(file)}`)
}

/** One word. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
