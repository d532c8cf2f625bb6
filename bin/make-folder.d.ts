export function makeFolder(path: string): Promise<string | undefined>
