/** What hears the log of an execution environment: a program's callback, made by another one. */
import { callbackFailure, guarded } from '../../configuration/call-options.ts'

type LogPiece = (chunk: Uint8Array | string) => void

/** One that fails keeps no function from being run; it is told. */
export function openedLog(
  openLog: (functionName: string) => LogPiece,
  functionName: string,
  notice: (message: string) => void,
): LogPiece {
  const tell = ({ message }: Error) => notice(message)
  try {
    return guarded('openLog', openLog(functionName), tell)
  } catch (error) {
    tell(callbackFailure('openLog', error))
    return () => {}
  }
}
