// Rows of a large file in the page cache: the processor is the limit.
import { rmSync, truncateSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { plantFile, run, tracker } from '../../support.js'
import { PYTHON } from '../measure.js'

export const WITH_LIBTORRENT = fileURLToPath(new URL('../with-libtorrent.py', import.meta.url))
export const SECONDS = { key: 'seconds', unit: 's' }
export const MEMORY = { key: 'memory', unit: 'MiB', what: 'memory' }
const THREADS = `${availableParallelism()}`
const gibOf = ({ isQuick }) => (isQuick ? 1 : 4)

/** The torrent of a row. */
export const torrentIn = ({ scratch }) => join(scratch, 'x.torrent')

/** The arguments that make it anew. */
export function makeArgs(places, source, ...options) {
  const target = ['--target', torrentIn(places), '--force']
  return ['makemetafile', source, tracker, '--quiet', ...target, ...options]
}

/** Makes a torrent by mktorrent. */
export function mktorrent({ scratch }, source, pow2) {
  const torrent = join(scratch, 'mktorrent.torrent')
  rmSync(torrent, { force: true })
  return run(['mktorrent', '-t', THREADS, '-l', pow2, '-a', tracker, '-o', torrent, source])
}

/** A row of commands on the file; `works` returns what a row prepares. */
function large({ figures, works, ...row }) {
  return {
    ...row,
    figures: [...figures, MEMORY],
    async prepare(places) {
      const plant = (at) => plantFile(join(at, 'data'), 1024 * gibOf(places))
      return works(places, join(await places.shared('large', plant), 'data'))
    },
  }
}

const whole = large({
  name: 'makemetafile, a large file',
  figures: [{ ...SECONDS, tolerance: 1.05 }],
  works(places, file) {
    const args = makeArgs(places, file, '--no-cache')
    return { run: (who) => places.run(who, args) }
  },
})

/** Runs this build with a kernel, which a processor without it refuses. */
function skipWithout(kernel, places, args) {
  try {
    places.run('now', [...args, '--dry-run'], { BTKIT_HASH: kernel })
    return {}
  } catch {
    return { skip: `no ${kernel} on this processor` }
  }
}

function hashing(kernel, pow2) {
  return large({
    name: `hashing with ${kernel}, pieces of 2^${pow2}`,
    needs: ['mktorrent'],
    figures: [{ key: 'rate', unit: 'GB/s', beside: 'mktorrent', isMore: true }],
    works(places, file) {
      const args = makeArgs(places, file, '--no-cache', '--piece-size-pow2', pow2)
      const rated = (taken) => ({ ...taken, rate: (gibOf(places) * 2 ** 30) / taken.seconds / 1e9 })
      return {
        ...skipWithout(kernel, places, args),
        reference: () => rated(mktorrent(places, file, pow2)),
        run: (who) => rated(places.run(who, args, { BTKIT_HASH: kernel })),
      }
    },
  })
}

/** The kernels of the accelerator, by their numbers in native/batch.h. */
const NUMBERS = { avx512: 0, shani: 2, avx2: 1 }

/**
 * The time to read the file on all cores into buffers that stay in the cache, the kernel's, and
 * Node's start.
 */
function machine(kernel) {
  return large({
    name: `the limit of the machine with ${kernel}`,
    needs: ['cc'],
    figures: [{ ...SECONDS, beside: 'reading, hashing and node -e 0' }],
    works(places, file) {
      const program = compileLimit(places)
      const limit = (...args) => Number(run([program, ...args], { isRead: true }).stdout)
      const bytes = `${gibOf(places) * 2 ** 30}`
      const args = makeArgs(places, file, '--no-cache', '--piece-size-pow2', '20')
      return {
        ...skipWithout(kernel, places, args),
        reference() {
          const { seconds } = run([process.execPath, '-e', '0'])
          const read = limit('read', file, THREADS)
          return { seconds: seconds + read + limit('hash', `${NUMBERS[kernel]}`, bytes, THREADS) }
        },
        run: (who) => places.run(who, args, { BTKIT_HASH: kernel }),
      }
    },
  })
}

function compileLimit({ scratch }) {
  const output = join(scratch, 'limit')
  const sources = 'bench/limit.c batch.c cpu.c kernels/*.c'
  const command = `exec \${CC:-cc} -O3 -std=c11 -pthread -o "$0" ${sources}`
  const cwd = fileURLToPath(new URL('../../../native/', import.meta.url))
  run(['sh', '-c', command, output], { cwd })
  return output
}

const v2 = large({
  name: 'makemetafile --v2, a large file',
  needs: ['libtorrent'],
  figures: [{ ...SECONDS, beside: "libtorrent's creator" }],
  works(places, file) {
    const args = makeArgs(places, file, '--no-cache', '--v2', '--piece-size-pow2', '20')
    const torrent = join(places.scratch, 'libtorrent.torrent')
    return {
      reference: () => run([PYTHON, WITH_LIBTORRENT, 'make', file, '20', torrent]),
      run: (who) => places.run(who, args),
    }
  },
})

/** A row of commands of btkit, beside `makemetafile` of version 1 by this build. */
function besideOwn(name, argsOf) {
  return large({
    name: `${name}, a large file`,
    figures: [{ ...SECONDS, beside: 'makemetafile' }],
    works(places, file) {
      const args = makeArgs(places, file, '--no-cache', '--piece-size-pow2', '20')
      return {
        reference: () => places.run('now', args),
        run: (who) => places.run(who, argsOf(args, file)),
      }
    },
  })
}

/** Rows of bytes from a pipe: `limit` is that of the processor. */
function piped(name, limit, ...options) {
  const peer = 'cat and openssl sha1'
  const ratio = { key: 'cpu', unit: 's of the processor', limit, beside: peer, isOfLarge: true }
  return large({
    name: `makemetafile -, ${name}`,
    needs: ['openssl'],
    figures: [ratio],
    works(places, file) {
      const piping = ['sh', '-c', 'cat "$0" | "$@"', file]
      const args = makeArgs(places, '-', '--no-cache', '--name', 'x', ...options)
      return {
        reference: () => run([...piping, 'openssl', 'sha1']),
        run: (who) => run([...piping, ...places.command(who, args)], { env: places.envOf(who) }),
      }
    },
  })
}

/** A row of commands on a sparse image of 4 GiB, beside the same on a file of its data alone. */
function sparse(version) {
  const options = version === 'v1' ? [] : [`--${version}`]
  return {
    name: `makemetafile and verify, a sparse image, ${version}`,
    figures: [{ key: 'cpu', unit: 's of the processor', limit: 1.3, beside: 'its data alone' }],
    async prepare(places) {
      const root = await places.shared('sparse', (at) => {
        plantFile(join(at, 'data'), 64)
        run(['dd', `if=${join(at, 'data')}`, `of=${join(at, 'image')}`, 'bs=64M', 'seek=32'])
        truncateSync(join(at, 'image'), 2 ** 32)
      })
      const both = (who, name) => {
        const file = join(root, name)
        const made = places.run(who, makeArgs(places, file, '--no-cache', ...options))
        const checked = places.run(who, ['verify', '--quiet', torrentIn(places), file])
        return { cpu: made.cpu + checked.cpu }
      }
      return { reference: () => both('now', 'data'), run: (who) => both(who, 'image') }
    },
  }
}

const kernels = [...Object.keys(NUMBERS), 'crypto']

export const ROWS = [
  whole,
  ...kernels.flatMap((kernel) => ['18', '20', '24'].map((pow2) => hashing(kernel, pow2))),
  ...Object.keys(NUMBERS).map(machine),
  ...['v1', 'v2', 'hybrid'].map(sparse),
  v2,
  piped('a large file, pieces of 2^18', 1.2, '--piece-size-pow2', '18'),
  piped('a large file, the piece length by size', 1.5),
  besideOwn('makemetafile --hybrid', (args) => [...args, '--hybrid']),
  besideOwn('verify', (args, file) => [
    'verify',
    '--quiet',
    args[args.indexOf('--target') + 1],
    file,
  ]),
]
