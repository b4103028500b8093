// Rows of `btkit serve`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { MIB, plantFile, run } from '../../support.js'
import { askEach, askFor, openMany, readSlowly } from '../load.js'
import { cpuOf, perCpu, services, startBare, startNginx, startServe, stop } from '../programs.js'

const LARGE = 704
const RANGE = 256 * 1024
const LISTING = '/listing/'

/** A torrent has 20 bytes for each piece, of which there are about a thousand at most. */
const TORRENTS = { '4 KB': 194 * MIB, '82 KB': 4080 * MIB }
const torrentPath = (size) => `/m/torrent_service/single/m/${size.replace(' ', '')}`
const get = (path) => `GET ${path} HTTP/1.1\r\nHost: mirror.example\r\n\r\n`

/**
 * The mirror of most rows: holes whose torrents are asked for, files, and a directory of
 * directories.
 */
function plantMirror(root) {
  mkdirSync(join(root, 'm'))
  for (const [name, bytes] of Object.entries(TORRENTS)) {
    const path = join(root, 'm', name.replace(' ', ''))
    writeFileSync(path, '')
    truncateSync(path, bytes)
  }
  plantFile(join(root, 'm/large'), LARGE)
  plantFile(join(root, 'm/part'), 64)
  writeFileSync(join(root, 'm/file'), Buffer.alloc(35_000, 'file'))
  for (let i = 0; i < 40; i++)
    mkdirSync(join(root, 'listing', `directory-${i}`), { recursive: true })
}

/** Starts the builds on a mirror, each with what it serves already asked for. */
async function startBuilds(places, root, path, ...args) {
  const servers = {}
  for (const who of places.builds) {
    servers[who] = await startServe(places, who, root, ...args)
    await (await fetch(`http://127.0.0.1:${servers[who].port}${path}`)).arrayBuffer()
  }
  return servers
}

/**
 * Keeps an answer as `body` in a directory, and its headers, except those that Node adds itself.
 */
async function keepAnswer(places, { port }, path) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  const directory = places.at('www')
  writeFileSync(join(directory, 'body'), Buffer.from(await response.arrayBuffer()))
  const own = ['date', 'connection', 'keep-alive']
  const headers = [...response.headers].filter(([name]) => !own.includes(name))
  writeFileSync(join(directory, 'body.json'), JSON.stringify(Object.fromEntries(headers)))
  return directory
}

/** A row of one address, beside a server that sends the same answer from memory. */
function besideBare(name, limit, path) {
  const beside = 'bare node:http'
  return services({
    name: `serve, ${name}`,
    figures: [{ key: 'perCpu', unit: 'a second', limit, beside, isMore: true }],
    async begin(places) {
      const root = await places.shared('mirror', plantMirror)
      const servers = await startBuilds(places, root, path, '--log', 'off')
      servers.reference = await startBare(await keepAnswer(places, servers.now, path))
      const options = { seconds: places.isQuick ? 2 : 5 }
      const measure = (server) => perCpu(server, () => askFor(server.port, [get(path)], options))
      return { servers, measure }
    },
  })
}

/**
 * A row of one address beside nginx with one worker; of a torrent, beside the same bytes as a file.
 */
function besideNginx(name, limit, path, { needs = ['wrk'], isKept = false, rateOf }) {
  return services({
    name: `serve beside nginx, ${name}`,
    needs: ['nginx', ...needs],
    figures: [{ key: 'rate', unit: 'a second', limit, beside: 'nginx', isMore: true }],
    async begin(places) {
      const root = await places.shared('mirror', plantMirror)
      const log = ['--log', 'text', '--log-file', join(places.scratch, 'access.log')]
      const servers = await startBuilds(places, root, path, ...log)
      const www = isKept ? await keepAnswer(places, servers.now, path) : root
      servers.reference = await startNginx(places, www)
      const measure = ({ port }, who) => {
        const asked = isKept && who === 'reference' ? '/body' : path
        return { rate: rateOf(`http://127.0.0.1:${port}${asked}`, places) }
      }
      return { servers, measure }
    },
  })
}

/** One download. Returns MiB a second. */
function download(address) {
  const args = ['-so', '/dev/null', '-w', '%{time_total} %{size_download}', address]
  const [time, size] = spawnSync('curl', args, { encoding: 'utf8' }).stdout.split(' ').map(Number)
  if (size !== LARGE * MIB) throw new Error(`curl got ${size} bytes`)
  return LARGE / time
}

/** Loads an address by wrk. The function returns requests a second. */
function wrk(connections, ...script) {
  return (address, { isQuick }) => {
    const args = ['-t1', `-c${connections}`, `-d${isQuick ? 2 : 5}`, ...script, address]
    const { stdout } = spawnSync('wrk', args, { encoding: 'utf8' })
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout)
    return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1])
  }
}

/** Asks for ranges all over a file, as of web seeds. */
function ranges(address, places) {
  const script = join(places.scratch, 'ranges.lua')
  writeFileSync(
    script,
    `local n = 0
    request = function()
      n = (n + 7) % 256
      local from = n * ${RANGE}
      return wrk.format('GET', nil, { Range = 'bytes=' .. from .. '-' .. (from + ${RANGE - 1}) })
    end`,
  )
  return wrk(8, '-s', script)(address, places)
}

/** Pages of a directory with very many entries, of which btkit shows a thousand and nginx all. */
const page = services({
  name: 'serve beside nginx, a page of 100,000 entries',
  needs: ['nginx'],
  figures: [
    { key: 'kept', unit: 's of the processor', beside: 'nginx' },
    { key: 'changed', unit: 's of the processor', what: 'when it changed', beside: 'nginx' },
  ],
  turns: 3,
  quickTurns: 1,
  async begin(places) {
    const root = await places.shared('page', (at) => {
      for (let i = 0; i < (places.isQuick ? 10_000 : 100_000); i++)
        writeFileSync(join(at, `package-${i}-1.${i % 40}.x86_64.rpm`), 'x'.repeat(i % 50))
    })
    const servers = await startBuilds(places, root, '/', '--log', 'off')
    servers.reference = await startNginx(places, root)
    let added = 0
    const pageOf = async (server) => {
      // A page is sent for a second without a look at its entries
      await setTimeout(1100)
      const ask = async () => (await fetch(`http://127.0.0.1:${server.port}/`)).arrayBuffer()
      return (await cpuOf(server, ask)).cpu
    }
    const measure = async (server) => {
      let kept = 0
      for (let i = 0; i < 10; i++) kept += (await pageOf(server)) / 10
      writeFileSync(join(root, `added-${added++}`), '')
      return { kept, changed: await pageOf(server) }
    }
    return { servers, measure }
  },
})

/**
 * Downloads of 20 KB a second, and what another client waits meanwhile: the time of one answer in a
 * hundred.
 */
const slow = services({
  name: 'serve beside nginx, a thousand slow downloads for 10 s',
  needs: ['nginx'],
  figures: [
    { key: 'cpu', unit: 's of the processor', limit: 2 },
    { key: 'p99', unit: 'ms', what: 'p99 of another client', beside: 'nginx' },
  ],
  quickTurns: 1,
  async begin(places) {
    const root = await places.shared('mirror', plantMirror)
    const servers = await startBuilds(places, root, '/m/file', '--log', 'off')
    servers.reference = await startNginx(places, root)
    const measure = async (server) => {
      const { cpu, result } = await cpuOf(server, async () => {
        const sockets = openMany(server.port, '/m/large')
        await setTimeout(3000)
        return readSlowly(sockets, `http://127.0.0.1:${server.port}/m/file`)
      })
      return { cpu, p99: result }
    }
    return { servers, measure }
  },
})

/** What the first search reads, beside a program that reads the same. */
const search = {
  name: 'serve, first search of 500,000 names',
  figures: [
    { key: 'cpu', unit: 's of the processor', limit: 2.5, beside: 'find', isOfLarge: true },
  ],
  turns: 3,
  quickTurns: 1,
  async prepare(places) {
    const root = await places.shared('names', (at) => {
      for (let i = 0; i < (places.isQuick ? 50_000 : 500_000); i++) {
        const n = Math.floor(i / 10)
        const directory = join(at, `${n % 80}`, `${n}`)
        mkdirSync(directory, { recursive: true })
        writeFileSync(join(directory, `package-${i}.rpm`), '')
      }
    })
    const readAll = async ({ port }) => {
      const ask = () => fetch(`http://127.0.0.1:${port}/-/search?q=package-777&json`)
      while ((await (await ask()).json()).isReading);
    }
    return {
      reference: () => run(['find', root, '-printf', '%p %s %T@\n']),
      async run(who) {
        const server = await startServe(places, who, root, '--log', 'off')
        const figures = await cpuOf(server, () => readAll(server))
        await stop(server)
        return figures
      },
    }
  },
}

/** Clients that have a listing ask whether it changed, and nobody asks for all of it. */
const revalidated = services({
  name: 'serve, listing that the client has',
  figures: [
    { key: 'perCpu', unit: 'a second', limit: 0.9, beside: 'the whole listing', isMore: true },
  ],
  async begin(places) {
    const root = await places.shared('mirror', plantMirror)
    const servers = await startBuilds(places, root, LISTING)
    servers.reference = await startServe(places, 'now', root)
    const measure = async (server, who) => {
      const host = `127.0.0.1:${server.port}`
      const whole = { headers: { 'accept-encoding': 'identity' } }
      const response = await fetch(`http://${host}${LISTING}`, whole)
      await response.arrayBuffer()
      const condition = `If-None-Match: ${response.headers.get('etag')}\r\n`
      const fields = `Host: ${host}\r\n${who === 'reference' ? '' : condition}`
      const requests = [`GET ${LISTING} HTTP/1.1\r\n${fields}\r\n`]
      return perCpu(server, () => askFor(server.port, requests, { seconds: 4 }))
    }
    return { servers, measure }
  },
})

/** Small files, more than the server remembers. */
const small = services({
  name: 'serve beside nginx, 24,000 small files, each once a turn',
  needs: ['nginx'],
  figures: [{ key: 'perCpu', unit: 'a second', limit: 0.05, beside: 'nginx', isMore: true }],
  async begin(places) {
    const paths = Array.from({ length: 24_000 }, (_, i) => `small-${i % 24}/file-${i}`)
    const root = await places.shared('small', (at) => {
      for (const path of paths) {
        mkdirSync(join(at, dirname(path)), { recursive: true })
        writeFileSync(join(at, path), Buffer.alloc(2000, path))
      }
    })
    const servers = await startBuilds(places, root, `/${paths[0]}`, '--log', 'off')
    servers.reference = await startNginx(places, root)
    const requests = paths.map((path) => get(`/${path}`))
    const measure = (server) => perCpu(server, () => askEach(server.port, requests))
    return { servers, measure }
  },
})

export const ROWS = [
  besideBare('warm torrent of 4 KB', 0.7, torrentPath('4 KB')),
  besideBare('warm torrent of 82 KB', 0.6, torrentPath('82 KB')),
  ...Object.keys(TORRENTS).map((size) => {
    const how = { isKept: true, rateOf: wrk(50) }
    return besideNginx(`warm torrent of ${size}`, undefined, torrentPath(size), how)
  }),
  besideNginx('one download of 700 MiB', 1, '/m/large', { needs: ['curl'], rateOf: download }),
  besideNginx('torrent that the client has', 0.25, torrentPath('4 KB'), {
    isKept: true,
    rateOf: wrk(8, '-H', 'If-None-Match: *'),
  }),
  besideNginx('file of 35 KB', 0.25, '/m/file', { rateOf: wrk(8) }),
  besideNginx('ranges of 256 KiB', 0.9, '/m/part', { rateOf: ranges }),
  besideNginx('listing of 40 directories', 1.5, LISTING, { rateOf: wrk(8) }),
  // So many that the event loop has no time for a moment
  besideNginx('listing of 40 directories, 64 connections', 1.2, LISTING, { rateOf: wrk(64) }),
  revalidated,
  small,
  slow,
  page,
  search,
]
