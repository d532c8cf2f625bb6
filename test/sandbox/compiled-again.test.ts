/** What loads lambdabin may compile it again: tsx names each function by a call of its own, tools for coverage count in each. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { temporaryFolder } from '../support/emulator/fixture-package.ts'

/** Does with modules of lambdabin's as tsx does with those that it compiles. */
const NAMING = `
  import { readFileSync } from 'node:fs'
  import { registerHooks } from 'node:module'
  import { fileURLToPath } from 'node:url'
  import { transformSync } from ${JSON.stringify(import.meta.resolve('esbuild'))}
  registerHooks({
    load(url, context, next) {
      if (!url.includes('/src/sandbox/')) return next(url, context)
      const source = transformSync(readFileSync(fileURLToPath(url), 'utf8'), { loader: 'ts', keepNames: true }).code
      return { format: 'module', source, shortCircuit: true }
    },
  })`

const CONFINED = `
  const [folder] = process.argv.slice(2)
  const { moduleConfinement } = await import(${JSON.stringify(import.meta.resolve('../../src/sandbox/module-confinement.ts'))})
  const places = { taskRoot: folder + '/task', temporaryFolder: folder + '/tmp', workFolder: folder + '/work' }
  const sandbox = await moduleConfinement.open(places)
  const program = "try { require(process.env.OUTSIDE) } catch ({ code }) { console.log(code, require('./own.js')) }"
  const { command, parameters, cwd } = sandbox.command(process.execPath, ['-e', program])
  spawnSync(command, parameters, { cwd, env: sandbox.environment({ OUTSIDE: folder + '/outside.js' }), stdio: 'inherit' })`

const GATED = `
  const { gateProgram, openGate } = await import(${JSON.stringify(import.meta.resolve('../../src/sandbox/gate.ts'))})
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const gate = await openGate([server.address().port])
  server.close()
  const child = spawn(process.execPath, gateProgram(gate.folder, gate.ports), { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const text of child.stdout) {
    process.stdout.write(text)
    child.kill()
  }
  gate.close()`

for (const [what, program, expected] of [
  ['modules are confined', CONFINED, 'MODULE_NOT_FOUND own\n'],
  ['a gate has its other side', GATED, 'listens\n'],
] as const) {
  test(`${what} where lambdabin is compiled as it is loaded`, (context) => {
    const folder = temporaryFolder(context)
    for (const name of ['task', 'tmp', 'work']) {
      mkdirSync(join(folder, name))
    }
    writeFileSync(join(folder, 'task/own.js'), "module.exports = 'own'")
    writeFileSync(join(folder, 'outside.js'), '')
    writeFileSync(join(folder, 'naming.mjs'), NAMING)
    const imports = `
      import { spawn, spawnSync } from 'node:child_process'
      import { once } from 'node:events'
      import { createServer } from 'node:net'`
    writeFileSync(join(folder, 'program.mjs'), `${imports}\n${program}`)
    const words = ['--import', join(folder, 'naming.mjs'), join(folder, 'program.mjs'), folder]
    const { stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 })
    assert.equal(stdout, expected, stderr)
  })
}
