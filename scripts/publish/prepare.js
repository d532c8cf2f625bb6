// npm and Yarn run `prepare` where they install lambdabin from git, and then pack it without `prepack`. They also run it for `npm ci` in
// a checkout, which needs nothing compiled: there npm was started in the checkout itself.

import { execFileSync } from 'node:child_process'
import { relative } from 'node:path'
import process from 'node:process'

const startedIn = relative(process.cwd(), process.env.INIT_CWD ?? '.')

if (startedIn.startsWith('..')) {
  execFileSync('npm', ['run', 'prepack'], { stdio: 'inherit' })
}
