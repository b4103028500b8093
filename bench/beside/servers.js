// Rows of services: requests for each second of a server's processor time, and memory.
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { tracker } from '../support.js'
import { LIMITS, saveMillion } from '../track/million.js'
import { cpuSeconds, memoryOf, start, startBare, stop, waitFor } from '../track/programs.js'
import { askFor } from './load.js'

const BARE = fileURLToPath(new URL('../serve/bare-server.js', import.meta.url))
const MIB = 2 ** 20
const BARE_NAME = 'bare node:http'

/** Starts a program that prints its address. */
async function startServer(args) {
  const child = start(process.execPath, args)
  const [, port] = await waitFor(child, /http:\/\/127\.0\.0\.1:(\d+)/)
  return { child, port: Number(port) }
}

const get = (path) => `GET ${path} HTTP/1.1\r\nHost: mirror.example\r\n\r\n`

/** Asks for some seconds; returns how many requests a second of processor time answers. */
async function rateOf(program, requests, seconds) {
  const before = cpuSeconds(program)
  const answers = await askFor(program.port, requests, { seconds })
  return { perCpu: answers / (cpuSeconds(program) - before) }
}

/** A torrent has 20 bytes for each piece, of which there are about a thousand at most. */
const TORRENTS = { '4 KB': 194 * MIB, '82 KB': 4080 * MIB }
const LISTING = '/m/'
const pathOf = (name) => `/m/torrent_service/single/m/${name}`

function warm(size, isMixed) {
  const name = `serve, warm torrent of ${size}${isMixed ? ', after mixed requests' : ''}`
  return kept({ name, path: pathOf(size.replace(' ', '')), limit: 0.8, isMixed })
}

/** A row of one address of a mirror, beside a server that sends the same answer from memory. */
function kept({ name, path, limit, isMixed = false }) {
  return {
    name,
    figures: [{ key: 'perCpu', unit: 'a second', limit, beside: BARE_NAME, isMore: true }],
    turns: 7,
    quickTurns: 3,
    async prepare({ programs, scratch, isQuick }) {
      const mirror = join(scratch, 'mirror')
      mkdirSync(join(mirror, 'm'), { recursive: true })
      const names = Object.keys(TORRENTS).map((each) => each.replace(' ', ''))
      for (const [i, name] of names.entries()) {
        writeFileSync(join(mirror, 'm', name), '')
        truncateSync(join(mirror, 'm', name), Object.values(TORRENTS)[i])
      }
      writeFileSync(join(mirror, 'm/file'), Buffer.alloc(35_000, 'file'))
      await setTimeout(2100)
      const servers = {}
      for (const who of ['before', 'now']) {
        const places = ['--host', '127.0.0.1', '--port', '0', '--cache-dir', join(scratch, who)]
        const args = ['serve', mirror, ...places, '--tracker', tracker, '--log', 'off']
        servers[who] = await startServer([programs[who], ...args])
      }
      servers.reference = await startBareWith(servers.now, path, join(scratch, 'www'))
      const mixed = [...names.map(pathOf), LISTING].map(get)
      for (const who of ['before', 'now']) {
        await (await fetch(`http://127.0.0.1:${servers[who].port}${path}`)).arrayBuffer()
        if (isMixed) await askFor(servers[who].port, mixed, { seconds: isQuick ? 10 : 120 })
      }
      const seconds = isQuick ? 2 : 5
      return {
        reference: () => rateOf(servers.reference, [get('/body')], seconds),
        run: (who) => rateOf(servers[who], [get(path)], seconds),
        end: () => Promise.all(Object.values(servers).map(stop)),
      }
    },
  }
}

/** A server that does nothing but send the same answer as another. */
async function startBareWith({ port }, path, directory) {
  mkdirSync(directory)
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  writeFileSync(join(directory, 'body'), Buffer.from(await response.arrayBuffer()))
  // Node adds the others itself
  const own = ['date', 'connection', 'keep-alive']
  const headers = [...response.headers].filter(([name]) => !own.includes(name))
  writeFileSync(join(directory, 'body.json'), JSON.stringify(Object.fromEntries(headers)))
  return startServer([BARE, directory])
}

async function startTracker(program, state, ...args) {
  const limits = ['--max-per-address-in-swarm', '65535', '--max-per-address', '65535', '--no-udp']
  const place = ['--host', '127.0.0.1', '--port', '0', '--state', state]
  return startServer([program, 'track', '--open', ...place, ...limits, ...args])
}

/** Announces of 4096 peers of 200 torrents. */
const ANNOUNCES = Array.from({ length: 4096 }, (_, n) => {
  const hash = `%${(1 + (n % 200)).toString(16).padStart(2, '0')}`.repeat(20)
  const peer = `-XX0001-${String(n).padStart(12, '0')}`
  const amounts = `uploaded=0&downloaded=0&left=${n % 2}&compact=1&numwant=50`
  const key = n.toString(16).padStart(8, '0')
  return get(`/announce?info_hash=${hash}&peer_id=${peer}&port=${1024 + n}&${amounts}&key=${key}`)
})

const announces = {
  name: 'track, announces over HTTP',
  figures: [{ key: 'perCpu', unit: 'a second', limit: 0.75, beside: BARE_NAME, isMore: true }],
  turns: 7,
  quickTurns: 3,
  async prepare({ programs, scratch, isQuick }) {
    const servers = { reference: await startBare('http') }
    for (const who of ['before', 'now'])
      servers[who] = await startTracker(programs[who], join(scratch, who))
    const seconds = isQuick ? 2 : 5
    const measure = (who) => rateOf(servers[who], ANNOUNCES, seconds)
    return {
      reference: () => measure('reference'),
      run: measure,
      end: () => Promise.all(Object.values(servers).map(stop)),
    }
  },
}

const million = {
  name: 'track, a million peers',
  figures: [{ key: 'memory', unit: 'MiB', limit: 250, what: 'memory beside an empty tracker' }],
  turns: 1,
  quickTurns: 1,
  async prepare({ programs, scratch }) {
    const stateOf = (who) => join(scratch, `million-${who}`)
    await saveMillion(stateOf('now'))
    // Another build may make swarms in another way
    const build = dirname(dirname(programs.before))
    const isPlanted = await saveMillion(stateOf('before'), build).then(
      () => true,
      () => false,
    )
    const most = ['--max-peers', `${LIMITS.maxPeers}`, '--max-swarms', `${LIMITS.maxSwarms}`]
    const memoryWith = async (who, path) => {
      const program = await startTracker(programs[who], path, ...most)
      const memory = memoryOf(program)
      await stop(program)
      return memory
    }
    return {
      isFirst: true,
      async run(who) {
        if (who === 'before' && !isPlanted) return null
        const empty = await memoryWith(who, join(scratch, `empty-${who}`))
        return { memory: (await memoryWith(who, stateOf(who))) - empty }
      },
    }
  },
}

const sizes = Object.keys(TORRENTS)

export const SERVER_ROWS = [
  ...sizes.map((size) => warm(size, false)),
  ...sizes.map((size) => warm(size, true)),
  // The file is read for each request; a bare server has it in memory
  kept({ name: 'serve, file of 35 KB', path: '/m/file', limit: 0.6 }),
  kept({ name: 'serve, listing', path: LISTING, limit: 0.8 }),
  announces,
  million,
]
