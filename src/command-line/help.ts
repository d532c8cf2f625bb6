/** The texts that `--help` prints. */
import { BUILD_OPTIONS, FUNCTION_OPTIONS } from '../configuration/build-options.ts'
import { ESBUILD_OPTIONS } from '../configuration/esbuild-options.ts'
import { RUN_OPTIONS, STUB_OPTIONS } from '../configuration/run-options.ts'
import { SAMPLE_NAMES } from '../events/sample-events.ts'
import { helpLine, helpLines } from './option-words.ts'

const COLUMN = 22
const WIDTH = 120

/** Words that begin in the column of what options are for, in as many lines as they need. */
function wrapped(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) as string
    if (line !== '' && COLUMN + line.length + 1 + word.length > WIDTH) {
      lines.push(word)
    } else {
      lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
    }
  }
  return lines.map((line) => ' '.repeat(COLUMN) + line).join('\n')
}

export const HELP = `lambdabin turns one TypeScript function into one executable that is its own AWS Lambda custom runtime.

Usage: lambdabin <command> …

  init [<folder>]         begin a project: configuration, a function, a test and scripts
  build <entry>…          build functions into deployment packages; without an entry, all of the configuration
  invoke <zip|folder>     invoke a built function on this machine
  serve [<zip|folder>…]   run a Lambda on this machine, for the AWS CLI, SDKs and browsers
  inspect <zip|folder>    what is in a package, and what each part of it takes
  layer                   make the runtime a layer, for functions that are built with --for-layer
  prefetch                make ready what builds need of Node.js: for CI, and for builds without a network

Options:
  --help                  show this, or a command's options: lambdabin <command> --help
  --version               show the version

Exit status: 0 success, 1 failure, 2 wrong usage.
`

const INIT_HELP = `Usage: lambdabin init [<folder>] [options]

Writes what a project needs to begin with into a folder, by default the current one: a configuration, a function, its test, tsconfig.json,
.gitignore, and what package.json lacks of scripts and packages. Nothing is overwritten: files and keys that are there stay as they
are, and where there are functions already, no other is written: the configuration has those of src, or else all files that export handler
or lambdaHandler.

  --name NAME             the first function's name (default: hello)

Exit status: 0 success, 1 failure, 2 wrong usage.
`

const BUILD_HELP = `Usage: lambdabin build [<entry or name>…] [options]

Builds functions into deployment packages: each into <out-dir>/<name>.zip, and <out-dir>/<name>/ with the same files: bootstrap,
the executable <name>, and THIRD-PARTY-NOTICES. Without arguments, all functions of the configuration: lambdabin.config.ts, .js, .mjs or .json, or the
key lambdabin of package.json, here or further up. What the command line says counts more than what the configuration does.

${helpLines(BUILD_OPTIONS)}${helpLines(FUNCTION_OPTIONS)}${helpLine('--env K=V', 'an environment variable for where the build runs the function, but with --init build; may be repeated; nothing of it is in the package')}${helpLines({ envFile: RUN_OPTIONS.envFile })}${helpLine('--config FILE', 'the configuration to take (default: the one that is found)')}${helpLine('--docker', 'build in a container, with docker or podman: on macOS and Windows, and for provided.al2')}${helpLine('--offline', 'do not ask the registry for a newer Node.js: once a day, and in CI only with --no-offline')}${helpLine('--json', 'print the result as one JSON object on stdout')}
esbuild's options, as https://esbuild.github.io/api/ tells them; those with a value may be repeated where they take several:

${helpLines(ESBUILD_OPTIONS, 34)}`

const INVOKE_HELP = `Usage: lambdabin invoke <zip|folder|name> [options]

Starts a built function as AWS Lambda would, sends it one event, and prints its response on stdout; its logs go to stderr. A name is
that of a function of the configuration.

  --event JSON        the event (default: {}); - instead of an option reads it from stdin
  --event-file FILE   a file with the event
  --http METHOD PATH  an HTTP request as the event, as function URLs and HTTP APIs send it (payload format 2.0): --http GET /orders/7
  --header 'NAME: V'  a header of the request; may be repeated
  --query NAME=V      a parameter of its query; may be repeated
  --body TEXT         its body, or what a sample carries
  --body-file FILE    a file with that; - reads it from stdin
  --sample NAME       an event as one of AWS's services sends it:
${wrapped(SAMPLE_NAMES.join(', '))}
  --print-event       print the event, and invoke nothing
  --handler NAME      the handler setting (default: the function's name, or its only handler)
${helpLines(RUN_OPTIONS)}${helpLines(STUB_OPTIONS)}${helpLine('--config FILE', 'the configuration that has the name (default: the one that is found)')}

Exit status: 0 success, 1 the function failed (its error document is on stdout), 2 wrong usage.
`

const SERVE_HELP = `Usage: lambdabin serve [<zip|folder|name>…] [options]

Runs a Lambda on this machine until Ctrl-C. It speaks the Lambda API: point the AWS CLI at it with --endpoint-url http://localhost:9000,
or an SDK with its endpoint. Functions answer HTTP, too, at http://<function>.localhost:9000/ and http://localhost:9000/url/<function>/.
A page to see it all by is at the link that it prints.

  <zip|folder|name>   a deployment package to serve as a function of its name, until this ends; or what was built of a function
                      of the configuration
  --watch ENTRY       a function's source to serve, and to build anew when it changes; or its name in the configuration; may
                      be repeated
  --config FILE       the configuration that has the names (default: the one that is found)
  --inspect           run watched functions with Node.js's inspector on, for a debugger; nothing times out then
  --inspect-port PORT the first such function's (default: 9229); each further one has the next

  --port PORT         where to listen (default: 9000); 0 for any that is free
  --host ADDRESS      (default: 127.0.0.1); beware: whoever can reach it can run code on this machine
  --state FOLDER      keeps functions that are created over the API, queued events and failed ones (default: .lambdabin)
  --region NAME       the region that functions believe they are in (default: us-east-1)
  --concurrency N     invocations at once; one more is throttled with status 429 (default: 10)
  --environments N    execution environments at once; where fewer than --concurrency, invocations wait for one
  --cpu-share         give each environment the CPU and memory that its memory size buys, by control groups
  --routes FILE       an HTTP API in front of the functions: a file of routes, or a template of SAM or CDK
  --source F=PLACE    hand messages to the function F: of a queue's URL (ElasticMQ, LocalStack), or a folder's files; may be repeated
  --batch-size N      messages that it gets at once (default: 10)
  --s3 BUCKET=PLACE   where S3Bucket and S3Key of a request are: a folder, or an endpoint's URL; may be repeated
  --aws-endpoint URL  where functions' SDKs find AWS's services, or SERVICE=URL for one; may be repeated. Lambda is this one
${helpLines(STUB_OPTIONS)}  --no-page           without the page
  --retry-delay S     seconds until an asynchronous invocation that failed runs again, twice that the next time (default: 1)

For the functions that the command line names:

${helpLines(RUN_OPTIONS)}  --instance-concurrency N  invocations at once in one environment, as with Lambda Managed Instances
  --invoke-mode MODE  of its URL: BUFFERED (default), or RESPONSE_STREAM to answer as the function writes

Asynchronous invocations are retried twice; the events of those that still fail are in the state folder, under failed/.
The API has functions, versions, aliases, layers, function URLs, reserved and provisioned concurrency, event-invoke
configuration, permissions and tags: enough for Terraform. docs/local-lambda-operations.md lists the operations.

Exit status: 0 when it was told to end, 1 failure, 2 wrong usage.
`

const INSPECT_HELP = `Usage: lambdabin inspect <zip|folder|name> [<zip|folder|name>] [options]

Shows what is in a package that lambdabin has built: of Node.js, of the runtime and of the function, by package and module, with what each
part takes of the zip and unpacked. All of them together are the zip, to the byte. Of two packages it
shows what is not the same. A name is that of a function of the configuration.

${helpLine('--start', 'run it, and show where the time of its starts goes: of Node.js, of the runtime, and of each module')}${helpLine('--html FILE', 'write a page to look into it with: one file, which asks nobody for anything')}${helpLine('--json', 'print all of it as one JSON object')}${helpLine('--config FILE', 'the configuration that has the name (default: the one that is found)')}
With --start:

${helpLine('--event JSON', 'have each start invoked with this, too')}${helpLine('--event-file FILE', 'a file with the event; - for standard input')}${helpLine('--runs N', 'how many starts are measured of each kind (default: 5)')}${helpLine('--handler NAME', "the handler setting (default: the function's name, or its only handler)")}${helpLines(RUN_OPTIONS)}
Given --memory, it has the share of a processor that this buys, where control groups can be made.

Exit status: 0 success, 1 the function does not start, 2 wrong usage, and for what is no package of lambdabin’s.
`

const { arch, node, intl, zip } = FUNCTION_OPTIONS
const { force } = BUILD_OPTIONS

const LAYER_HELP = `Usage: lambdabin layer [options]

Makes a layer of the runtime: <out-dir>/<name>.zip, and <out-dir>/<name>/ with the same files, which Lambda unpacks to /opt: bootstrap, and an
executable without a function. Functions that are built with lambdabin build --for-layer run with it, of the same architecture and
the same version of lambdabin, and are small.

${helpLines({ arch, node, intl, zip })}${helpLine('--name NAME', 'the name of the zip (default: layer)')}${helpLine('--out-dir FOLDER', 'where to write (default: dist)')}${helpLine('--into FOLDER', 'write bootstrap and the executable straight into this folder, as they are in /opt, and no zip')}${helpLines({ force })}${helpLine('--json', 'print the result as one JSON object on stdout')}`

const PREFETCH_HELP = `Usage: lambdabin prefetch [options]

Fetches the Node.js that executables are made of, and makes what all of them have in common, so that builds take less time and no
network. Without options, what the functions of the configuration need, or x64. Prints the path of the cache folder that it is in:
~/.cache/lambdabin, or lambdabin in XDG_CACHE_HOME.

  --arch x64|arm64    for this architecture; may be repeated
  --node PATH         of this Node.js binary (default: the pinned one)
  --intl LOCALE,…     with these locales, as in a build (default: all)
  --config FILE       the configuration to take (default: the one that is found)

Builds keep the cache folder under 2 GB, or what the environment variable LAMBDABIN_CACHE_SIZE says, as 500MB: what was not used for
longest goes first.
`

/** By command, in the order in which {@link HELP} lists them. */
export const COMMAND_HELP = {
  init: INIT_HELP,
  build: BUILD_HELP,
  invoke: INVOKE_HELP,
  serve: SERVE_HELP,
  inspect: INSPECT_HELP,
  layer: LAYER_HELP,
  prefetch: PREFETCH_HELP,
} as const
