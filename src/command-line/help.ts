/** The texts that `--help` prints. */

export const HELP = `lambdabin turns one TypeScript function into one executable that is its own AWS Lambda custom runtime.

Usage: lambdabin <command> …

  build <entry>…          build functions into deployment packages
  invoke <zip|folder>     invoke a built function on this machine

Options:
  --help                  show this, or a command's options: lambdabin <command> --help
  --version               show the version

Exit status: 0 success, 1 failure, 2 wrong usage.
`

export const BUILD_HELP = `Usage: lambdabin build <entry.ts|.js|.mjs>… [options]

Builds each entry into <out-dir>/<name>.zip, and <out-dir>/<name>/ with the same files: bootstrap and the executable <name>.

  --out-dir FOLDER    where to write (default: dist)
  --name NAME         the function's name (default: the entry's file name without its ending); for one entry only
  --arch x64|arm64    what the function runs on (default: x64)
  --node PATH         a Node.js binary for Linux, version 22 or later, to make the executable of (default: the pinned one)
  --include PATH      ship a file or folder of the current folder, too; may be repeated
  --external PACKAGE  ship a package as it is instead of bundling it (one with a native addon, say); may be repeated
  --event FILE        a JSON file with an event that the function will get, to prepare for; may be repeated
  --no-minify         leave the bundle readable
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
