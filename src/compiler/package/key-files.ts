/** Files that hold keys of who builds, by their usual names: what is shipped with a folder leaves them out. */

const KEY_FILES =
  /^(\.npmrc|\.netrc|\.yarnrc\.yml|\.pypirc|\.git-credentials|\.env(\..+)?|\.aws|\.ssh|\.gnupg|\.docker|\.git)$/

/** `name`: of a file or folder. Who wants one shipped names it itself. */
export function mayHoldKeys(name: string): boolean {
  return KEY_FILES.test(name)
}
