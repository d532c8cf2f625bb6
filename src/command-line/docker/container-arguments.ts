/** The arguments of `build`, as the container is to have them. */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { BUILD_PATH_OPTIONS, BUILD_WORDS } from '../build/build-arguments.ts'
import { containerArgument } from './container-paths.ts'

/** All that was given but `--docker`, paths as the container has them. */
export function containerArguments(
  args: readonly string[],
  platform: NodeJS.Platform = process.platform,
): string[] {
  const { tokens } = parseArgs({
    args: [...args],
    options: BUILD_WORDS,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  })
  return tokens.flatMap((token) => {
    if (token.kind === 'option-terminator') {
      return ['--']
    }
    if (token.kind === 'positional') {
      return [containerArgument(token.value, platform)]
    }
    if (token.name === 'docker') {
      return []
    }
    if (token.value === undefined) {
      return [token.rawName]
    }
    const isPath = BUILD_PATH_OPTIONS.includes(token.name)
    return [`${token.rawName}=${isPath ? containerArgument(token.value, platform) : token.value}`]
  })
}
