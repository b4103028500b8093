// Holds `btkit makemetafile` against the limit of the machine: the time to read the file on all
// cores into buffers that stay in the cache, that of the kernel alone on as many bytes, and that of
// `node -e 0`. All take turns in one run. Needs a C compiler; build first: npm run build
//
//   node bench/limit.js [GiB] [directory]
//
// The file is planted in the directory, on a file system whose page cache is to be read; in that of
// temporary files by default.
import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compare, makeScratch, plantFile, printTable, run, runBtkit, tracker } from './support.js'

/** By their numbers in native/batch.h. */
const KERNELS = { avx512: 0, shani: 2, avx2: 1 }
const POW2 = [18, 20, 22, 24, 26]
const TURNS = 5

const gib = Number(process.argv[2] ?? 4)
const threads = String(availableParallelism())
const scratch = makeScratch({ inMemory: true })
const place = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'btkit-limit-'))
process.on('exit', () => rmSync(place, { recursive: true, force: true }))

const program = compile()
const file = join(place, 'data')
plantFile(file, gib * 1024)
for (const kernel of Object.keys(KERNELS).filter(runs)) compareWithLimit(kernel)

function compile() {
  const native = fileURLToPath(new URL('../native/', import.meta.url))
  const output = join(scratch, 'limit')
  const command =
    'exec ${CC:-cc} -O3 -std=c11 -pthread -o "$0" bench/limit.c batch.c cpu.c kernels/*.c'
  const { status, stderr } = spawnSync('sh', ['-c', command, output], {
    cwd: native,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return output
}

function runs(kernel) {
  return (
    spawnSync(program, ['hash', String(KERNELS[kernel]), '1', '1'], { stdio: 'ignore' }).status ===
    0
  )
}

function compareWithLimit(kernel) {
  const makes = POW2.map((pow2) => () => make(pow2, kernel))
  const [start, read, hash, ...made] = compare(
    [
      () => run([process.execPath, '-e', '0']),
      () => limit(['read', file, threads]),
      () => limit(['hash', String(KERNELS[kernel]), String(gib * 2 ** 30), threads]),
      ...makes,
    ],
    TURNS,
  )
  const best = start.seconds + read.seconds + hash.seconds
  const rate = (seconds) => ((gib * 2 ** 30) / seconds / 1e9).toFixed(1)
  const title = `${cpus()[0].model}, ${threads} threads, ${gib} GiB, ${kernel}: limit ${best.toFixed(3)} s (node ${start.seconds.toFixed(3)}, reading ${read.seconds.toFixed(3)}, hashing ${hash.seconds.toFixed(3)})`
  const rows = made.map(({ seconds, memory }, i) => [
    `2^${POW2[i]}`,
    seconds.toFixed(3),
    rate(seconds),
    (seconds / best).toFixed(2),
    `${memory.toFixed(0)} MiB`,
  ])
  printTable(title, [['pieces', 'seconds', 'GB/s', 'times the limit', 'peak memory'], ...rows])
}

/** The seconds that the program says it took. */
function limit(args) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return { seconds: Number(stdout), memory: 0 }
}

function make(pow2, kernel) {
  const options = ['--no-cache', '--threads', threads, '--piece-size-pow2', String(pow2)]
  const target = ['--target', join(scratch, 'x.torrent')]
  return runBtkit(['makemetafile', ...options, ...target, file, tracker], { BTKIT_HASH: kernel })
}
