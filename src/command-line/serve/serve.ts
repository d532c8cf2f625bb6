/**
 * `lambdabin serve`: a Lambda on this machine, for the AWS CLI, SDKs, browsers and editors.
 *
 * On stdout there is one line when it is ready. The functions' logs, and what there is to say besides, are on stderr.
 * It runs until SIGINT or SIGTERM, and then ends everything it has started; a second signal ends it at once.
 */

import process from 'node:process'
import { createLocalLambda, type LocalLambda } from '../../api/create-local-lambda.ts'
import { openArchives } from '../../compiler/dependencies/named/plug-and-play.ts'
import { abandonAll } from '../../compiler/unfinished-work.ts'
import { isLoopback } from '../../emulator/http/host-names.ts'
import { ignoreClosedPipe, writeAll } from '../output.ts'
import { parseServeArguments } from './serve-arguments.ts'
import { createServeLog, isColoured } from './serve-log.ts'
import { onTermination } from './termination.ts'

/** Resolves with the exit status, 0, when it was told to end. Rejects with a UsageError, or a LambdabinError. */
export async function serveCommand(args: string[]): Promise<number> {
  ignoreClosedPipe(process.stdout)
  ignoreClosedPipe(process.stderr)
  const options = parseServeArguments(args)
  const log = createServeLog((text) => process.stderr.write(text), isColoured(process.stderr, process.env))
  openArchives(process.cwd())
  const termination = onTermination(abandonAll)
  try {
    const created = await createLocalLambda({ ...options, openLog: log.open, onNotice: log.notice })
    if (!created.ok) {
      throw created.error
    }
    const { lambda } = created
    try {
      await announce(lambda, options.host ?? '', log.notice)
      await termination.asked
    } finally {
      await lambda.close()
    }
  } finally {
    termination.forget()
  }
  return 0
}

async function announce(lambda: LocalLambda, host: string, notice: (message: string) => void): Promise<void> {
  const endpoint = `http://localhost:${lambda.port}`
  if (!isLoopback(host)) {
    notice(`whoever can reach ${host} port ${lambda.port} can run code on this machine`)
  }
  if (lambda.sandbox !== 'mount namespace') {
    notice(
      'this system gives functions no view of their own: paths are the host’s, they can write wherever you can, ' +
        'and TMPDIR names their folder for temporary files',
    )
  }
  for (const name of lambda.functions) {
    notice(`serves ${name}, also at ${endpoint}/url/${name}/`)
  }
  if (lambda.pageLink !== undefined) {
    notice(`a page to see it by: ${lambda.pageLink}`)
  }
  await writeAll(process.stdout, `lambdabin: a local Lambda, with --endpoint-url ${endpoint}\n`)
}
