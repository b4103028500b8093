// Rows of `btkit seed` beside libtorrent. The leechers are libtorrent's, too, on the same machine.
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { makeScratch, MIB, peakMemory, plantFile, removeScratch, tracker } from '../../support.js'
import { PYTHON } from '../measure.js'
import { cpuOf, cpuSeconds, freePort, services, start, stop, waitFor } from '../programs.js'
import { WITH_LIBTORRENT } from './hashing.js'

const LIBTORRENT = 'libtorrent'

/** Plants files by `plantFile(path)`, each with its torrent. */
async function plantRelease(places, name, { files, plant }) {
  const root = await places.shared(name, (at) => {
    mkdirSync(join(at, 'data'))
    for (let n = 0; n < files; n++) plant(join(at, 'data', `${n}.bin`))
  })
  const [data, directory] = ['data', 'torrents'].map((part) => join(root, part))
  mkdirSync(directory, { recursive: true })
  // Each build knows the digests
  for (const who of places.builds)
    places.run(who, ['completedir', tracker, data, '--output', directory, '--quiet', '--force'])
  return { data, directory, torrents: readdirSync(directory).map((each) => join(directory, each)) }
}

async function startSeed(places, who, { data, directory, torrents }) {
  const port = await freePort()
  const place = ['--host', '127.0.0.1', '--port', `${port}`, '--data', data, '--json']
  const env = { ...process.env, ...places.envOf(who) }
  const child = start(places.command(who, ['seed', directory, ...place]), { env, stdio: 'pipe' })
  child.stdout.resume()
  let left = torrents.length
  await new Promise((resolve) =>
    createInterface({ input: child.stderr })
      .on('line', (line) => line.includes('added ') && --left === 0 && resolve())
      .on('close', resolve),
  )
  return { child, port }
}

async function startLibtorrent({ data, directory }, act = 'seed') {
  const port = await freePort()
  const child = start([PYTHON, WITH_LIBTORRENT, act, `${port}`, data, directory])
  await waitFor(child, /ready/)
  return { child, port }
}

/** Downloads from a seed. Returns the seconds of each leecher. */
async function leech({ port }, sources, act) {
  const scratch = makeScratch({ inMemory: true })
  const child = start([PYTHON, WITH_LIBTORRENT, act, `${port}`, scratch, ...sources])
  const said = await waitFor(child, /^\[.*\]$/m)
  removeScratch(scratch)
  return JSON.parse(said[0])
}

/** A row of downloads, whose sources `sourcesOf` names. */
function downloads({ name, files, mib, figures, sourcesOf, act = 'leech' }) {
  return services({
    name: `seed, ${name}`,
    needs: [LIBTORRENT],
    figures: figures.map((figure) => ({ ...figure, beside: LIBTORRENT })),
    async begin(places) {
      const size = places.isQuick ? Math.min(mib, 64) : mib
      const plant = (path) => plantFile(path, size)
      const release = await plantRelease(places, name, { files, plant })
      const servers = { reference: await startLibtorrent(release) }
      for (const who of places.builds) servers[who] = await startSeed(places, who, release)
      const sources = sourcesOf(release.torrents)
      const bytes = size * MIB * sources.length
      const measure = async (seed) => {
        const { cpu, result: took } = await cpuOf(seed, () => leech(seed, sources, act))
        const longest = Math.max(...took)
        const mean = took.reduce((all, each) => all + each) / took.length
        const rates = { rate: bytes / longest / 1e6, perCpu: bytes / cpu / 1e6 }
        return { ...rates, slowest: longest / mean }
      }
      return { servers, measure }
    },
  })
}

const PER_CPU = { key: 'perCpu', unit: 'MB', isMore: true, what: 'a second of the processor' }
const RATE = { key: 'rate', unit: 'MB/s', isMore: true, what: 'rate' }

/** The data is known: btkit by its cache, and libtorrent because it is told not to check it. */
const idle = {
  name: 'seed, start with 10,000 torrents',
  needs: [LIBTORRENT],
  figures: [
    { key: 'cpu', unit: 's of the processor', beside: LIBTORRENT },
    { key: 'memory', unit: 'MiB', what: 'memory', beside: LIBTORRENT },
  ],
  async prepare(places) {
    const plant = (path) => writeFileSync(path, randomBytes(40_000))
    const files = places.isQuick ? 1000 : 10_000
    const planted = await plantRelease(places, 'idle', { files, plant })
    const measure = async (starting) => {
      const seed = await starting
      const figures = { cpu: cpuSeconds(seed), memory: peakMemory(seed.child.pid) }
      await stop(seed)
      return figures
    }
    return {
      reference: () => measure(startLibtorrent(planted, 'seed-unchecked')),
      run: (who) => measure(startSeed(places, who, planted)),
    }
  },
}

export const ROWS = [
  downloads({
    name: 'one leecher of a large file',
    files: 1,
    mib: 1024,
    figures: [RATE, PER_CPU],
    sourcesOf: (torrents) => torrents,
  }),
  downloads({
    name: 'one leecher that wants all encrypted',
    files: 1,
    mib: 128,
    figures: [RATE, { ...PER_CPU, limit: 0.66 }],
    sourcesOf: (torrents) => torrents,
    act: 'leech-encrypted',
  }),
  downloads({
    name: '50 leechers of 20 torrents',
    files: 20,
    mib: 32,
    figures: [RATE, { key: 'slowest', unit: '× the mean', what: 'the slowest leecher' }],
    sourcesOf: (torrents) => Array.from({ length: 50 }, (_, n) => torrents[n % 20]),
  }),
  idle,
]
