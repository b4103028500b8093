// Announces over UDP as fast as answers arrive, with many packets under way, and prints the number
// of answers as JSON. Lost packets are sent again after a moment. `changes` sends so many a second,
// and each peer is a seed and a leecher in turn.
//
//   node bench/track/udp-load.js PORT SECONDS announce|echo|changes [RATE]
import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const [port, seconds, kind] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]]
const UNDER_WAY = 64
const PACKETS = 4096

const socket = createSocket('udp4')
socket.bind(0, '127.0.0.1')
await once(socket, 'listening')
socket.setRecvBufferSize(2 ** 21)
socket.connect(port, '127.0.0.1')
await once(socket, 'connect')

const packets = makePackets(kind === 'echo' ? Buffer.alloc(8) : await connect())
let answers = 0
let next = 0
let last = performance.now()
socket.on('message', (answer) => {
  if (kind !== 'echo' && answer.readUInt32BE(0) !== 1) throw new Error(answer.toString())
  answers += 1
  last = performance.now()
  if (kind !== 'changes') send()
})
const rate = Number(process.argv[5])
const begun = performance.now()
let sent = 0
if (kind !== 'changes') for (let n = 0; n < UNDER_WAY; n += 1) send()
const retry =
  kind === 'changes'
    ? setInterval(sendDue, 10)
    : setInterval(() => {
        if (performance.now() - last > 100) for (let n = 0; n < UNDER_WAY; n += 1) send()
      }, 100)
setTimeout(() => {
  clearInterval(retry)
  socket.close()
  console.log(JSON.stringify({ rate: answers / seconds }))
}, 1000 * seconds)

function sendDue() {
  for (; sent < (rate * (performance.now() - begun)) / 1000; sent += 1) {
    packets[next].writeUInt32BE(1 - packets[next].readUInt32BE(68), 68)
    send()
  }
}

function send() {
  socket.send(packets[next])
  next = (next + 1) % PACKETS
}

async function connect() {
  socket.send(Buffer.from('00000417271019800000000000000001', 'hex'))
  const [answer] = await once(socket, 'message')
  return answer.subarray(8, 16)
}

function makePackets(id) {
  return Array.from({ length: PACKETS }, (_, n) => {
    const packet = Buffer.alloc(98)
    packet.set(id)
    packet.writeUInt32BE(1, 8)
    packet.fill(1 + (n % 200), 16, 36)
    packet.writeUInt32BE(n, 36)
    packet.writeUInt32BE(n % 2, 68)
    packet.writeUInt32BE(n, 88)
    packet.writeInt32BE(50, 92)
    packet.writeUInt16BE(1024 + n, 96)
    return packet
  })
}
