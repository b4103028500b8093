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
  benchTrees()
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

/** Trees of small files. mktorrent sorts names by insertion, so their order on the disk decides. */
function benchTrees() {
  const many = { count: files, size: 2048, pow2: 18 }
  const trees = [
    { ...many, title: `${files} files of 2 KB, in memory, in mktorrent's best order` },
    { ...many, title: `${files} files of 2 KB, in memory, in random order`, isShuffled: true },
    { ...many, title: `${files} files of 2 KB, on a disk`, isOnDisk: true },
    { count: 2000, size: 100_000, pow2: 18, title: '2000 files of 100 KB, in memory', runs: 15 },
  ]
  for (const tree of trees) benchTree(tree)
}

function benchTree({ title, count, size, pow2, isShuffled, isOnDisk, runs = 3 }) {
  const tree = join(makeScratch({ inMemory: !isOnDisk }), 'tree')
  const numbers = Array.from({ length: count }, (_, i) => i)
  if (isShuffled) numbers.sort(() => Math.random() - 0.5)
  for (const i of numbers) {
    const directory = join(tree, `d${String(Math.floor(i / 1000)).padStart(4, '0')}`)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `file${String(i).padStart(6, '0')}`), randomBytes(size))
  }
  const [peer, own, again] = compare(
    [mktorrent(tree, pow2), make(tree, pow2), makeAgain(tree, pow2)],
    runs,
  )
  const row = (name, { seconds, cpu, memory }) => {
    const times = (peer.seconds / seconds).toFixed(2)
    return [name, seconds.toFixed(2), cpu.toFixed(2), times, `${memory.toFixed(0)} MiB`]
  }
  printTable(title, [
    ['program', 'seconds', 'processor', 'times mktorrent', 'peak memory'],
    row('mktorrent', peer),
    row('btkit', own),
    row('btkit, over the old torrent', again),
  ])
  rmSync(tree, { recursive: true })
}

function mktorrent(source, pow2) {
  const length = String(Math.max(pow2, MKTORRENT_MIN_POW2))
  return () => {
    rmSync(torrent, { force: true })
    return run(['mktorrent', '-t', threads, '-l', length, '-a', tracker, '-o', torrent, source])
  }
}

function make(source, pow2, kernel) {
  const again = makeAgain(source, pow2, kernel)
  return () => {
    rmSync(torrent, { force: true })
    return again()
  }
}

/** Over the torrent that is there. */
function makeAgain(source, pow2, kernel) {
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
