// Node's own limit: a server that does nothing but send an answer from memory.
//
//   node bench/beside/bare-server.js DIRECTORY [MS]
//       sends `body` with the headers in `body.json` over HTTP, after so many milliseconds as from
//       far away
//   node bench/beside/bare-server.js udp
//       sends each packet back
import { createSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'

const [, , what, away] = process.argv
if (what === 'udp') {
  const socket = createSocket('udp4')
  socket.on('message', (packet, { port, address }) => socket.send(packet, port, address))
  socket.bind(0, '127.0.0.1', () => {
    socket.setRecvBufferSize(2 ** 21)
    console.log(socket.address().port)
  })
} else {
  const body = readFileSync(join(what, 'body'))
  const headers = JSON.parse(readFileSync(join(what, 'body.json'), 'utf8'))
  const server = createServer({ keepAliveTimeout: 30_000 }, (request, response) => {
    const answer = () => response.writeHead(200, headers).end(body)
    if (away === undefined) answer()
    else setTimeout(answer, Number(away))
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
    console.log(server.address().port)
  })
}
