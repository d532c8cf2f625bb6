/** What the name of a package may be, where somebody gives one. */
import { isBuiltin } from 'node:module'

const PACKAGE_NAME = /^(?:[@.][^/@]+\/)?[^/@.][^/@]*$/

/** Why it cannot be one, as what follows the option that has it: `expects the name of a package, …`. Undefined where it can. */
export function packageNameProblem(name: string): string | undefined {
  if (!PACKAGE_NAME.test(name)) {
    return `expects the name of a package, such as sharp or @img/sharp, and got ${name}; name the package alone`
  }
  if (name.includes('*')) {
    // What is usual where Lambda's Node.js is deployed to, which has an SDK.
    const sdk = name.startsWith('@aws-sdk/')
      ? '; where it is for AWS’s SDK, leave it out: a function brings its own, as provided.al2023 has none, and it starts fastest as a part of the bundle'
      : ''
    return `expects the name of a package, and ${name} is a pattern; name each package${sdk}`
  }
  return isBuiltin(name)
    ? `expects the name of a package, and ${name} is a module of Node.js, which every executable has; leave it out`
    : undefined
}
