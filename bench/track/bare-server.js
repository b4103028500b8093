// Node's own limit: a server over HTTP whose answer is always the same, and an echo over UDP.
//
//   node bench/track/bare-server.js http|udp
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'

const body = 'x'.repeat(200)

if (process.argv[2] === 'http') {
  const server = createServer((request, response) => {
    response.writeHead(200, ['Content-Type', 'text/plain', 'Content-Length', '200'])
    response.end(body, 'latin1')
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
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
