/** What a function leaves open as it initialises, in words. */

export const FILE_LEFT_OPEN = 'leaves a file open'

/** By the type that async_hooks have for it. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  Timeout: 'leaves a timer running (setTimeout or setInterval)',
  TCPWRAP: 'leaves a connection open',
  TCPSERVERWRAP: 'leaves a server listening',
  TLSWRAP: 'leaves a TLS connection open',
  PIPEWRAP: 'leaves a pipe open',
  PIPESERVERWRAP: 'leaves a local server listening',
  UDPWRAP: 'leaves a UDP socket open',
  PROCESSWRAP: 'leaves a child process running',
  WORKER: 'leaves a worker thread running',
  MESSAGEPORT: 'leaves a message port open',
  SIGNALWRAP: 'listens for a signal',
  FSEVENTWRAP: 'leaves a file watched',
  FILEHANDLE: FILE_LEFT_OPEN,
  DIRHANDLE: 'leaves a folder open',
  TTYWRAP: 'leaves a terminal open',
}

export function leavesOpen(type: string): string {
  return DESCRIPTIONS[type] ?? `leaves something open (${type})`
}
