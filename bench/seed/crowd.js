// Connects idle peers to a seed, each to one of its torrents, and says how many were taken.
//
//   node bench/seed/crowd.js PORT COUNT INFOHASH...
import { connect } from 'node:net'

const OF_ADDRESS = 60
const [port, count, ...hashes] = process.argv.slice(2)
const sockets = []
for (let n = 0; n < Number(count); n += 1) {
  const localAddress = `127.0.1.${1 + Math.floor(n / OF_ADDRESS)}`
  sockets.push(connect({ host: '127.0.0.1', port: Number(port), localAddress }))
}
const answered = sockets.map((socket, n) => {
  const hash = Buffer.from(hashes[n % hashes.length], 'hex')
  const protocol = Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\x10\0\0', 'latin1')
  socket.on('error', () => {})
  socket.write(Buffer.concat([protocol, hash, Buffer.alloc(20, n)]))
  return new Promise((resolve) => {
    socket.once('data', () => resolve(1))
    socket.once('close', () => resolve(0))
  })
})
const taken = (await Promise.all(answered)).reduce((sum, one) => sum + one, 0)
console.log(`${taken}`)
