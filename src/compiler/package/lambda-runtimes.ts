/** The operating systems that AWS Lambda offers to executables that bring their own runtime. */
import { compareVersions } from '../elf/elf-versions.ts'

export interface LambdaRuntime {
  /** As in `--runtime`. */
  readonly name: string
  /** Release of glibc that it has. */
  readonly glibc: string
  /** Newest symbol version of libstdc++ that it has. */
  readonly libstdcxx: string
  /** What a user should know before choosing it. */
  readonly note?: string
}

/**
 * Oldest first. Source: AWS Lambda Developer Guide, "Lambda runtimes"; the libraries are those of the Amazon
 * Linux releases, whose libstdc++ come with GCC 4.8, 7.3 and 11.
 */
export const LAMBDA_RUNTIMES: readonly LambdaRuntime[] = [
  { name: 'provided', glibc: '2.17', libstdcxx: '3.4.19', note: 'Amazon Linux 1, which AWS has retired' },
  { name: 'provided.al2', glibc: '2.26', libstdcxx: '3.4.24' },
  { name: 'provided.al2023', glibc: '2.34', libstdcxx: '3.4.29' },
]

/** The runtimes that have at least these versions; undefined asks for nothing. */
export function runtimesWith(needed: {
  glibc: string | undefined
  libstdcxx: string | undefined
}): readonly LambdaRuntime[] {
  return LAMBDA_RUNTIMES.filter(
    (runtime) => isAtLeast(runtime.glibc, needed.glibc) && isAtLeast(runtime.libstdcxx, needed.libstdcxx),
  )
}

function isAtLeast(version: string, needed: string | undefined): boolean {
  return needed === undefined || compareVersions(version, needed) >= 0
}
