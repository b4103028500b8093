// Rows of a torrent of many files.
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../../support.js'
import { makeArgs, MEMORY, mktorrent, SECONDS, torrentIn } from './hashing.js'

const MKTORRENT = 'mktorrent'

/** Plants files, a thousand in a directory. */
function plantTree(root, count, size, { isShuffled = false } = {}) {
  const numbers = Array.from({ length: count }, (_, i) => i)
  if (isShuffled) numbers.sort(() => Math.random() - 0.5)
  for (const i of numbers) {
    const directory = join(root, `d${String(Math.floor(i / 1000)).padStart(4, '0')}`)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `file${String(i).padStart(6, '0')}`), randomBytes(size))
  }
}

/** mktorrent sorts names by insertion, so their order on the disk decides its time. */
function tree({ name, count = 100_000, size = 2048, limit, cache = ['--no-cache'], ...how }) {
  return {
    name: `makemetafile, ${name}`,
    needs: [MKTORRENT],
    figures: [{ ...SECONDS, limit, beside: MKTORRENT, isOfLarge: true }, MEMORY],
    async prepare(places) {
      const files = places.isQuick ? Math.min(20_000, count) : count
      const source = await places.shared(name, (root) => plantTree(root, files, size, how), how)
      const args = makeArgs(places, source, '--piece-size-pow2', '18', ...cache)
      return {
        reference: () => mktorrent(places, source, '18'),
        run(who) {
          const { BTKIT_CACHE_DIR } = places.envOf(who)
          for (const old of [torrentIn(places), BTKIT_CACHE_DIR])
            rmSync(old, { recursive: true, force: true })
          return places.run(who, args)
        },
      }
    },
  }
}

/** A row of a million files of 10 bytes; 100,000 in haste. */
function million({ name, figures, needs, works }) {
  return {
    name: `a million files: ${name}`,
    needs,
    figures: figures.map((figure) => ({ ...figure, isOfLarge: true })),
    async prepare(places) {
      const count = places.isQuick ? 100_000 : 1_000_000
      return works(places, await places.shared('million', (root) => plantTree(root, count, 10)))
    },
  }
}

const made = million({
  name: 'makemetafile',
  needs: [MKTORRENT],
  figures: [
    { key: 'cpu', unit: 's of the processor', limit: 1, beside: MKTORRENT },
    { ...MEMORY, limit: 200 },
  ],
  works: (places, source) => ({
    reference: () => mktorrent(places, source, '18'),
    run: (who) => places.run(who, makeArgs(places, source, '--no-cache')),
  }),
})

const unchanged = million({
  name: 'makemetafile, nothing changed',
  figures: [
    { ...SECONDS, limit: 1.3, beside: 'find' },
    { ...MEMORY, limit: 230 },
  ],
  works: (places, source) => ({
    reference: () => run(['find', source, '-printf', '%s %T@ %i\n']),
    run: (who) => places.run(who, makeArgs(places, source)),
  }),
})

/** A command on the torrent of a million files. */
function onTorrent(name, limit, argsOf) {
  return million({
    name,
    figures: [{ ...SECONDS, limit }, MEMORY],
    works(places, source) {
      places.run('now', makeArgs(places, source, '--no-cache'))
      return { run: (who) => places.run(who, argsOf(torrentIn(places))) }
    },
  })
}

/** Work on 2,000 files of a disk that takes two milliseconds for each call, beside 16 readers. */
function slow(name, limit, prepareWork) {
  return {
    name: `2,000 files of a slow disk: ${name}`,
    needs: ['gcc'],
    figures: [{ ...SECONDS, limit, beside: 'cat, 16 at a time' }],
    turns: 3,
    quickTurns: 1,
    async prepare(places) {
      const source = await places.shared('slow', (root) => plantTree(root, 2000, 20_000))
      const library = join(places.scratch, 'slow-disk.so')
      const code = fileURLToPath(new URL('../slow-disk.c', import.meta.url))
      run(['gcc', '-O1', '-shared', '-fPIC', '-o', library, code])
      const env = { LD_PRELOAD: library, SLOW_DISK: source }
      const args = prepareWork(places, source)
      const cat = `find ${source} -type f | xargs -P 16 -n 1 cat`
      return {
        reference: () => run(['sh', '-c', cat], { env: { ...env, PATH: process.env.PATH } }),
        run: (who) => places.run(who, args, env),
      }
    },
  }
}

export const ROWS = [
  tree({ name: '500 files of 300 KB', count: 500, size: 300_000 }),
  tree({ name: '500 files of 300 KB, with an empty cache', count: 500, size: 300_000, cache: [] }),
  tree({ name: '2,000 files of 100 KB', count: 2000, size: 100_000 }),
  tree({ name: '100,000 files of 2 KB on a disk', limit: 0.2, inMemory: false }),
  tree({ name: "100,000 files of 2 KB in memory, in mktorrent's best order" }),
  tree({ name: '100,000 files of 2 KB in memory, in random order', isShuffled: true }),
  slow('makemetafile', 1.5, (places, source) => makeArgs(places, source, '--no-cache')),
  slow('verify', 1.5, (places, source) => {
    places.run('now', makeArgs(places, source, '--no-cache'))
    return ['verify', torrentIn(places), source]
  }),
  slow('makemetafile, all known', 1, (places, source) => {
    for (const who of places.builds) places.run(who, makeArgs(places, source))
    return makeArgs(places, source)
  }),
  made,
  unchanged,
  onTorrent('hash', 0.6, (torrent) => ['hash', torrent]),
  onTorrent('magnet', 2, (torrent) => ['magnet', torrent]),
  onTorrent('edit', 0.8, (torrent) => ['edit', '--quiet', '--comment', randomUUID(), torrent]),
]
