#!/usr/bin/env -S node --
// The command's first file, in plain JavaScript that any Node.js from 20 on can run.
//
// pkg and undici need Node.js 22.19 or later, and the sources of a checkout need one that strips types, while
// the host's own Node.js may be older. So this file looks for a Node.js that will do, and hands over to it:
// the one it runs on, else the pinned one that executables are made of.
//
// It is valid as an ES module and as a CommonJS module, and may stand in `node_modules/.bin` as a file instead of a link: tools copy
// projects so, AWS SAM above all, and there the project's package.json says which of both it is.
//
// The `--` in the first line: without it Node.js takes some options, --env-file above all, for its own wherever they
// stand.

start().catch((error) => {
  process.stderr.write(`lambdabin: ${error instanceof Error ? error.stack : error}\n`)
  process.exitCode = 1
})

async function start() {
  const { existsSync, realpathSync } = await import('node:fs')
  const { fileURLToPath, pathToFileURL } = await import('node:url')
  const self = pathToFileURL(realpathSync(process.argv[1] ?? ''))
  const file = ['./lambdabin.js', '../lambdabin/bin/lambdabin.js']
    .map((path) => new URL(path, self))
    .find((url) => existsSync(new URL('hand-over.js', url)))
  if (file === undefined) {
    process.stderr.write(
      `lambdabin: ${fileURLToPath(self)} is a copy without the package that it is of; copy node_modules/lambdabin, too\n`,
    )
    process.exitCode = 1
    return
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  // Bun says a version of Node.js, too, and lacks some of it: with `bunx --bun`.
  if (!process.versions.bun && (major > 22 || (major === 22 && minor >= 19))) {
    // The sources in a checkout, the compiled files in an installed package.
    const source = new URL('../src/cli.ts', file)
    await import((existsSync(source) ? source : new URL('../lib/cli.js', file)).href)
  } else {
    const { handOver } = await import(new URL('hand-over.js', file).href)
    await handOver(fileURLToPath(file))
  }
}
