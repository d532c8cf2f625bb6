/** Which npm package a file belongs to, by its path alone. */

/** With what a folder in `node_modules` can be of packages: a scope, or one that tools keep, as `.prisma/client`. */
const IN_PACKAGE = /^((?:.*[\\/])?node_modules[\\/])((?:[@.][^\\/]+[\\/])?[^\\/]+)(?=[\\/])/

/** Name of the package that a file in `node_modules` belongs to; undefined for other files. */
export function packageName(file: string): string | undefined {
  return IN_PACKAGE.exec(file)?.[2]?.replaceAll('\\', '/')
}

/** The folder of that package, absolute where `file` is. */
export function packageFolder(file: string): string | undefined {
  return IN_PACKAGE.exec(file)?.slice(1).join('')
}

/** The name of the package in a folder that {@link packageFolder} gave. */
export function nameOfFolder(folder: string): string {
  return packageName(`${folder}/`) ?? folder
}

/** The package in such a folder. */
export function packageAt(folder: string): { readonly name: string; readonly folder: string } {
  return { name: nameOfFolder(folder), folder }
}

/** The folders of the packages that files are from, each once. */
export function packageFolders(files: readonly string[]): string[] {
  const folders = files.map(packageFolder).filter((folder) => folder !== undefined)
  return [...new Set(folders)]
}

/** The package that an import names: `@img/sharp` for `@img/sharp/lib`; undefined for a path, or a URL. */
export function importedPackage(specifier: string): string | undefined {
  return /^(?:@[^/]+\/|\.[a-z][^/]*\/)?[^/@.:#][^/:]*(?=\/|$)/.exec(specifier)?.[0]
}

/** Adds files to those of their packages, by folder. */
export function addFiles(files: Map<string, Set<string> | 'all'>, paths: readonly string[]): void {
  for (const path of paths) {
    const folder = packageFolder(path)
    if (folder !== undefined) {
      const known = files.get(folder) ?? new Set<string>()
      files.set(folder, known)
      if (known !== 'all') {
        known.add(path)
      }
    }
  }
}
