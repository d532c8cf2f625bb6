#!/usr/bin/env -S node --
// The command's first file, in plain JavaScript that any Node.js from 20 on can run.
//
// pkg and undici need Node.js 22.19 or later, and the sources of a checkout need one that strips types, while
// the host's own Node.js may be older. So this file looks for a Node.js that will do, and hands over to it:
// the one it runs on, else the pinned one that executables are made of.
//
// The `--` in the first line: without it Node.js takes some options, --env-file above all, for its own wherever they
// stand.

import { existsSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 19)) {
  await import(commandLine().href)
} else {
  const { handOver } = await import('./hand-over.js')
  await handOver(fileURLToPath(new URL('./lambdabin.js', import.meta.url)))
}

/** The sources in a checkout, the compiled files in an installed package. */
function commandLine() {
  const source = new URL('../src/cli.ts', import.meta.url)
  return existsSync(source) ? source : new URL('../lib/cli.js', import.meta.url)
}
