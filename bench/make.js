// Compares `btkit makemetafile` with mktorrent: a large file in the page cache for each kernel and
// piece length, and a tree of many small files. Build first: npm run build
//
//   node bench/make.js [GiB] [files]
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import {
  compare,
  hasProgram,
  makeScratch,
  plantFile,
  printTable,
  run,
  runBtkit,
  tracker,
} from './support.js'

const KERNELS = ['avx512', 'shani', 'avx2', 'crypto']
const POW2 = [14, 16, 18, 20, 22, 24, 26]
const MKTORRENT_MIN_POW2 = 15

const gib = Number(process.argv[2] ?? 4)
const files = Number(process.argv[3] ?? 100_000)
const threads = String(availableParallelism())
const scratch = makeScratch({ inMemory: true })
const torrent = join(scratch, 'x.torrent')

if (hasProgram('mktorrent')) {
  benchFile()
  benchTree()
} else {
  console.log('mktorrent is not installed, so there is nothing to compare with')
}

function benchFile() {
  const file = join(scratch, 'data')
  plantFile(file, gib * 1024)
  const kernels = KERNELS.filter((kernel) => runs(kernel, file))
  const rows = POW2.map((pow2) => {
    const works = [mktorrent(file, pow2), ...kernels.map((kernel) => make(file, pow2, kernel))]
    const [peer, ...ours] = compare(works)
    const rate = ({ seconds }) => `${((gib * 2 ** 30) / seconds / 1e9).toFixed(1)} GB/s`
    const times = (own) => `${rate(own)}, ${(peer.seconds / own.seconds).toFixed(2)}×`
    const memory = Math.max(...ours.map((own) => own.memory)).toFixed(0)
    return [`2^${pow2}`, rate(peer), ...ours.map(times), `${memory} MiB`]
  })
  const head = ['pieces', 'mktorrent', ...kernels, 'peak memory']
  printTable(`${gib} GiB in the page cache, ${threads} threads, rate and times mktorrent`, [
    head,
    ...rows,
  ])
  rmSync(file)
}

/** On a disk's file system, whose order of names mktorrent sorts slowly; memory's suits it. */
function benchTree() {
  const tree = join(makeScratch({ inMemory: false }), 'tree')
  for (let i = 0; i < files; i++) {
    const directory = join(tree, `d${i % 100}`)
    if (i < 100) mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `file${i}`), randomBytes(2048))
  }
  const [peer, own] = compare([mktorrent(tree, 18), make(tree, 18)], 3)
  printTable(`${files} files of 2 KB`, [
    ['program', 'seconds', 'times mktorrent', 'peak memory'],
    ['mktorrent', peer.seconds.toFixed(2), '1', `${peer.memory.toFixed(0)} MiB`],
    [
      'btkit',
      own.seconds.toFixed(2),
      (peer.seconds / own.seconds).toFixed(1),
      `${own.memory.toFixed(0)} MiB`,
    ],
  ])
}

function mktorrent(source, pow2) {
  const length = String(Math.max(pow2, MKTORRENT_MIN_POW2))
  return () => {
    rmSync(torrent, { force: true })
    return run(['mktorrent', '-t', threads, '-l', length, '-a', tracker, '-o', torrent, source])
  }
}

function make(source, pow2, kernel) {
  const options = ['--no-cache', '--quiet', '--threads', threads, '--target', torrent]
  const args = ['makemetafile', source, tracker, '--piece-size-pow2', String(pow2), ...options]
  return () => runBtkit(args, kernel === undefined ? {} : { BTKIT_HASH: kernel })
}

function runs(kernel, file) {
  try {
    runBtkit(['makemetafile', file, tracker, '--dry-run'], { BTKIT_HASH: kernel })
    return true
  } catch {
    return false
  }
}
