/**
 * Refuses a Node.js that `lambdabin/api` cannot run on. The command hands over to a Node.js of its own there; a program that imports the
 * API has started already.
 */
import process from 'node:process'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 22 || (major === 22 && minor < 19)) {
  throw new Error(
    `lambdabin/api needs Node.js 22.19 or later, and this is ${process.versions.node}; start the program with a newer one, ` +
      'or run the command lambdabin, which brings its own',
  )
}
