/**
 * The other side of a gate (src/sandbox/gate.ts, which copies it): it listens at the same ports, and leads to the socket that stands for
 * each. It runs by itself, so it must not use anything but its parameters, the folder and the ports, and Node.js.
 *
 * A file for the same reason as confine-modules.cjs.
 */
const net = require('node:net')

const [folder, ...ports] = process.argv.slice(2)
let left = ports.length
for (const port of ports) {
  const server = net.createServer({ allowHalfOpen: true }, (inside) => {
    const outside = net.connect({ path: `${folder}/${port}`, allowHalfOpen: true })
    for (const [socket, other] of [
      [inside, outside],
      [outside, inside],
    ]) {
      socket.once('close', () => other.destroy())
      socket.on('error', () => {})
      socket.pipe(other)
    }
  })
  server.listen(Number(port), '127.0.0.1', () => {
    left -= 1
    if (left === 0) {
      process.stdout.write('listens\n')
    }
  })
}
