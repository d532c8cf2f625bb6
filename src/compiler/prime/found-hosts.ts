/** The hosts that an executable connects to in its init phase, where its author has the build find them. */

/** Stands, among the hosts to connect to, for those that the function calls as the build runs it. */
export const FOUND_HOSTS = 'found'

/** The hosts that a run in `region` has called, each HOST or HOST:PORT, with `{region}` in its place. */
export function inAnyRegion(called: Iterable<string>, region: string): string[] {
  const labelFor = (label: string): string => (label === region ? '{region}' : label)
  return [...called].map((host) => host.split('.').map(labelFor).join('.'))
}

/** `wanted`, with `found` in its place, each once. */
export function withFound(wanted: readonly string[], found: readonly string[]): string[] {
  return [...new Set(wanted.flatMap((host) => (host === FOUND_HOSTS ? found : [host])))]
}
