// Records what a leecher of another program sends to `btkit seed`, over TCP without encryption, and
// prints it as JSON: a list of messages in hexadecimal, of each kind the first few.
//
//   npm run build
//   node test/seeding/peer/sessions/record.js libtorrent \
//       > test/seeding/peer/sessions/libtorrent.json
//   node test/seeding/peer/sessions/record.js transmission \
//       > test/seeding/peer/sessions/transmission.json
import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** Messages of a kind that are kept. */
const MOST = 5
const HANDSHAKE = 68

const LIBTORRENT = `
import sys, time, libtorrent as lt
s = lt.session({"listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False,
  "enable_upnp": False, "enable_natpmp": False, "out_enc_policy": 2, "in_enc_policy": 2,
  "enable_outgoing_utp": False})
p = lt.parse_magnet_uri(sys.argv[1])
p.save_path = sys.argv[2]
p.flags &= ~lt.torrent_flags.auto_managed & ~lt.torrent_flags.paused
h = s.add_torrent(p)
h.connect_peer(('127.0.0.1', int(sys.argv[3])))
while not h.status().is_seeding: time.sleep(0.1)
time.sleep(9)
`

// Transmission connects to no peer on a loopback address, and takes no hybrid
const isTransmission = process.argv[2] === 'transmission'
const addresses = Object.values(networkInterfaces()).flat()
const outer = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
const host = isTransmission ? outer.address : '127.0.0.1'

const btkit = join(import.meta.dirname ?? 'test/seeding/peer/sessions', '../../../../bin/btkit.js')
const directory = mkdtempSync(join(tmpdir(), 'btkit-record-'))
const [program] = process.argv.slice(2)

/** Names the proxy as the only peer. */
const tracker = createHttpServer((_request, response) => {
  const { port } = proxy.address()
  const peer = Buffer.from([...host.split('.').map(Number), port >> 8, port & 255])
  response.end(Buffer.concat([Buffer.from('d8:intervali5e5:peers6:'), peer, Buffer.from('e')]))
}).listen(0, '127.0.0.1')
await once(tracker, 'listening')

const announce = `http://127.0.0.1:${tracker.address().port}/announce`

writeFileSync(join(directory, 'a.bin'), randomBytes(1_000_000))
writeFileSync(join(directory, 'b.bin'), randomBytes(300_000))
const home = join(directory, 'home')
const env = { ...process.env, HOME: home, XDG_CACHE_HOME: home, XDG_RUNTIME_DIR: home }
const data = [
  'makemetafile',
  directory,
  announce,
  ...(isTransmission ? [] : ['--hybrid']),
  '-l',
  '14',
  '--json',
]
const target = join(tmpdir(), `record-${process.pid}.torrent`)
const made = JSON.parse(
  execFileSync(process.execPath, [btkit, ...data, '--output', target], { env }).toString(),
)
await setTimeout(2500)
const seedPort = 20_000 + (process.pid % 10_000)
const seedArgs = ['seed', target, '--data', directory, '--host', '127.0.0.1', '--port', seedPort]
const seed = spawn(process.execPath, [btkit, ...seedArgs.map(String)], { env })
await said(seed.stderr, /added/)

/** The bytes of each connection, in chunks. */
const streams = []
const proxy = createServer((socket) => {
  const bytes = []
  streams.push(bytes)
  const own = connect(seedPort, '127.0.0.1')
  for (const [from, to] of [
    [socket, own],
    [own, socket],
  ]) {
    from.on('error', () => undefined)
    from.on('close', () => to.destroy())
    from.pipe(to)
  }
  socket.on('data', (chunk) => bytes.push(chunk))
}).listen(0, host)
await once(proxy, 'listening')
const hashes = `xt=urn:btih:${made.infoHash}&xt=urn:btmh:1220${made.infoHashV2}`
const link = `magnet:?${hashes}`
const out = join(directory, 'out')
const config = join(directory, 'transmission')
mkdirSync(out)
mkdirSync(config)
const settings = { encryption: 0, 'utp-enabled': false, 'dht-enabled': false }
writeFileSync(join(config, 'settings.json'), JSON.stringify(settings))
const client =
  program === 'libtorrent'
    ? spawn('/usr/bin/python3', ['-c', LIBTORRENT, link, out, proxy.address().port])
    : spawn('transmission-cli', ['-g', config, '--download-dir', out, target])
// btkit calls the proxy, too, as a peer that the tracker names
const isThere = () =>
  streams.some((chunks) => /-(LT|TR)/.test(Buffer.concat(chunks).toString('latin1')))
while (!isThere()) await setTimeout(100)
await setTimeout(5000)
client.kill('SIGKILL')

const kinds = new Map()
const kept = []
for (const bytes of streams.map((chunks) => Buffer.concat(chunks))) {
  if (bytes.length < HANDSHAKE || bytes.includes('-BK')) continue
  for (const message of split(bytes)) {
    const [kind, isExtended] = [message.length > 60 ? -1 : (message[4] ?? -2), message[4] === 20]
    const key = isExtended ? 20 : kind
    const count = (kinds.get(key) ?? 0) + 1
    kinds.set(key, count)
    if (count <= MOST) kept.push(message.toString('hex'))
  }
}
process.stdout.write(`${JSON.stringify(kept, null, 2)}\n`)
seed.kill()
proxy.close()
rmSync(directory, { recursive: true })
rmSync(target)
process.exit()

/** Resolves when a program has printed something. */
function said(stream, what) {
  return new Promise((resolve) => {
    stream.on('data', (chunk) => {
      if (what.test(String(chunk))) resolve()
    })
  })
}

function* split(bytes) {
  yield bytes.subarray(0, HANDSHAKE)
  for (let at = HANDSHAKE; at + 4 <= bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) return
    yield bytes.subarray(at, end)
    at = end
  }
}
