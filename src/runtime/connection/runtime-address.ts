/** Host and port of the Runtime API, from `AWS_LAMBDA_RUNTIME_API`. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}
