// What Node itself can do: a server over HTTP whose answer is always the same, on one thread or
// several that listen on one socket, and an echo over UDP.
//
//   node bench/track/bare-server.js http [THREADS]|udp
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

const body = 'x'.repeat(200)

function makeServer() {
  return createServer((request, response) => {
    response.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', '200'])
    response.end(body, 'latin1')
  })
}

if (!isMainThread) {
  makeServer().listen({ fd: workerData })
} else if (process.argv[2] === 'http') {
  const server = makeServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    for (let thread = 1; thread < Number(process.argv[3] ?? 1); thread += 1) {
      new Worker(new URL(import.meta.url), { workerData: server._handle.fd })
    }
    console.log(server.address().port)
  })
} else {
  const socket = createSocket('udp4')
  socket.on('message', (packet, { port, address }) => socket.send(packet, port, address))
  socket.bind(0, '127.0.0.1', () => {
    socket.setRecvBufferSize(2 ** 21)
    console.log(socket.address().port)
  })
}
