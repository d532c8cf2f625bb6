/** The texts that `--help` prints. */

export const HELP = `lambdabin turns one TypeScript function into one executable that is its own AWS Lambda custom runtime.

Usage: lambdabin <command> …

  build <entry>…          build functions into deployment packages
  invoke <zip|folder>     invoke a built function on this machine
  serve [<zip|folder>…]   run a Lambda on this machine, for the AWS CLI, SDKs and browsers

Options:
  --help                  show this, or a command's options: lambdabin <command> --help
  --version               show the version

Exit status: 0 success, 1 failure, 2 wrong usage.
`

export const BUILD_HELP = `Usage: lambdabin build <entry.ts|.js|.mjs>… [options]

Builds each entry into <out-dir>/<name>.zip, and <out-dir>/<name>/ with the same files: bootstrap, the executable <name>, and
THIRD-PARTY-NOTICES.

  --out-dir FOLDER    where to write (default: dist)
  --name NAME         the function's name (default: the entry's file name without its ending); for one entry only
  --arch x64|arm64    what the function runs on (default: x64)
  --node PATH         a Node.js binary for Linux, version 22 or later, to make the executable of (default: the pinned one)
  --include PATH      ship a file or folder of the current folder, too; may be repeated
  --external PACKAGE  ship a package as it is instead of bundling it (one with a native addon, say); may be repeated
  --event FILE        a JSON file with an event that the function will get, to prepare for; may be repeated
  --init build        initialise the function's module now instead of on Lambda; its heap is in the executable
  --intl LOCALE,…     have Intl know these locales and en-US only, which makes the package up to 9 MB smaller (default: all)
  --zip fast|small    small: compress with Zopfli, 2 MB smaller; takes a minute or two the first time (default: fast)
  --no-minify         leave the bundle readable
  --strict            a function that does not initialise in the build is an error, and nothing is written
  --no-notices        leave out THIRD-PARTY-NOTICES, the licences of what the package redistributes
  --json              print the result as one JSON object on stdout
`

export const INVOKE_HELP = `Usage: lambdabin invoke <zip|folder> [options]

Starts a built function as AWS Lambda would, sends it one event, and prints its response on stdout; its logs go to stderr.

  --event JSON        the event (default: {}); - instead of an option reads it from stdin
  --event-file FILE   a file with the event
  --handler NAME      the handler setting (default: the function's name)
  --timeout S         seconds that an invocation may take (default: 3)
  --memory MB         memory of the execution environment (default: 128)
  --env K=V           an environment variable of the function; may be repeated
  --env-file FILE     a file with such lines

Exit status: 0 success, 1 the function failed (its error document is on stdout), 2 wrong usage.
`

export const SERVE_HELP = `Usage: lambdabin serve [<zip|folder>…] [options]

Runs a Lambda on this machine until Ctrl-C. It speaks the Lambda API: point the AWS CLI at it with --endpoint-url http://localhost:9000,
or an SDK with its endpoint. Functions answer HTTP, too, at http://localhost:9000/url/<function>/.

  <zip|folder>        a deployment package to serve as a function of its name, until this ends
  --watch ENTRY       a function's source to serve, and to build anew when it changes; may be repeated
  --inspect           run watched functions with Node.js's inspector on, for a debugger; nothing times out then
  --inspect-port PORT the first such function's (default: 9229); each further one has the next

  --port PORT         where to listen (default: 9000); 0 for any that is free
  --host ADDRESS      (default: 127.0.0.1); beware: whoever can reach it can run code on this machine
  --state FOLDER      keeps functions that are created over the API, queued events and failed ones (default: .lambdabin)
  --region NAME       the region that functions believe they are in (default: us-east-1)
  --concurrency N     invocations at once; one more is throttled with status 429 (default: 10)
  --environments N    execution environments at once; where fewer than --concurrency, invocations wait for one
  --retry-delay S     seconds until an asynchronous invocation that failed runs again, twice that the next time (default: 1)

For the functions that the command line names:

  --timeout S         seconds that an invocation may take (default: 3)
  --memory MB         memory of an execution environment (default: 128)
  --env K=V           an environment variable; may be repeated
  --env-file FILE     a file with such lines
  --invoke-mode MODE  of its URL: BUFFERED (default), or RESPONSE_STREAM to answer as the function writes

Asynchronous invocations are retried twice; the events of those that still fail are in the state folder, under failed/.
API: CreateFunction, GetFunction, GetFunctionConfiguration, ListFunctions, UpdateFunctionCode, UpdateFunctionConfiguration,
DeleteFunction, Invoke, InvokeAsync, InvokeWithResponseStream, Put-, Get- and DeleteFunctionConcurrency,
Create-, Get-, List-, Update- and DeleteFunctionUrlConfig.

Exit status: 0 when it was told to end, 1 failure, 2 wrong usage.
`
