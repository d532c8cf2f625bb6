/** AWS's own Node.js client, aws-lambda-ric, to compare with: installed from npm into the cache folder. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder } from '../bin/pinned-node.js'

export const AWS_CLIENT_VERSION = '4.0.2'

/**
 * Installs the client, unless it is there. Returns its main file. It builds its addon when it is installed, which takes a
 * C++ toolchain with cmake, autoconf, automake, libtool and libcurl's headers.
 */
export function installAwsClient(): string {
  const folder = join(cacheFolder(), `aws-lambda-ric-${AWS_CLIENT_VERSION}`)
  const main = join(folder, 'node_modules', 'aws-lambda-ric', 'index.mjs')
  const addon = join(folder, 'node_modules', 'aws-lambda-ric', 'rapid-client.node')
  if (existsSync(main) && existsSync(addon)) {
    return main
  }
  mkdirSync(folder, { recursive: true })
  const manifest = {
    private: true,
    dependencies: { 'aws-lambda-ric': AWS_CLIENT_VERSION },
    // npm runs no scripts of packages that are not named here.
    allowScripts: { 'aws-lambda-ric': true },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  execFileSync('npm', ['install'], { cwd: folder, stdio: ['ignore', 2, 2] })
  return main
}
