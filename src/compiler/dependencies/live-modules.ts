/** The modules that esbuild has not left out of a bundle. */
import type { Metafile } from 'esbuild'

/** Of which something is in the bundle: their paths, as the metafile has them. */
export function liveModules({ outputs }: Pick<Metafile, 'outputs'>): Set<string> {
  const inputs = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
  return new Set(inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path))
}
