// Measures the library beside create-torrent and parse-torrent, which most programs of Node use:
//
//   node bench/library.js [DIRECTORY]
//
// Files are made below DIRECTORY, by default the system's temporary directory, and read once before.
// Each measure takes turns with its rival, in a process of its own; the best of each counts.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const MANY = 10_000
const SMALL = 2_000
const GIB = 1024 ** 3
const PIECE = 1024 * 1024
const ROUNDS = 5

const ours = (source, options = '') => `
  import { makeTorrent } from 'btkit'
  const start = performance.now()
  await makeTorrent(${JSON.stringify(source)}, { pieceLength: ${PIECE}${options} })
  console.log(performance.now() - start)`
/** Before a script: the accelerator says that the processor has no AVX. */
const WITHOUT_AVX = `
  const load = process.dlopen
  process.dlopen = (module, ...rest) => {
    load.call(process, module, ...rest)
    const { features } = module.exports
    module.exports.features = () => ({ ...features(), avx512: false, avx2: false })
  }`
const theirs = (source) => `
  import create from 'create-torrent'
  const start = performance.now()
  create(${JSON.stringify(source)}, { pieceLength: ${PIECE} }, (error) => {
    if (error) throw error
    console.log(performance.now() - start)
  })`
/** Parses the torrent of many files until a second is over, and prints milliseconds for each time. */
const parsing = (load, parse, torrent) => `
  import { readFileSync } from 'node:fs'
  ${load}
  const bytes = readFileSync(${JSON.stringify(torrent)})
  for (let i = 0; i < 20; i++) await ${parse}
  const start = performance.now()
  let count = 0
  for (; performance.now() - start < 1000; count++) await ${parse}
  console.log((performance.now() - start) / count)`

const scratch = mkdtempSync(join(resolve(process.argv[2] ?? tmpdir()), 'btkit-library-'))
try {
  const many = join(scratch, 'many')
  mkdirSync(many)
  for (let i = 0; i < MANY; i++) writeFileSync(join(many, `${i}.txt`), Buffer.alloc(SMALL, `${i} `))
  const large = join(scratch, 'large.bin')
  const part = Buffer.alloc(GIB / 64)
  for (let i = 0; i < part.length; i += 4) part.writeUInt32LE((i * 2654435761) >>> 0, i)
  for (let i = 0; i < 64; i++) writeFileSync(large, part, { flag: 'a' })
  const { makeTorrent } = await import('btkit')
  const torrents = { many: join(scratch, 'many.torrent'), large: join(scratch, 'large.torrent') }
  await makeTorrent(many, { output: torrents.many })
  await makeTorrent(large, { output: torrents.large, pieceLength: PIECE })
  compare(`${MANY} files of ${SMALL} bytes`, ours(many), theirs(many))
  compare('1 GiB in a file', ours(large), theirs(large))
  compare('the same, one thread', ours(large, ', threads: 1'), theirs(large))
  compare('the same, SHA-NI', WITHOUT_AVX + ours(large), theirs(large))
  for (const [name, torrent] of Object.entries(torrents)) {
    compare(
      `parse ${name}.torrent`,
      parsing(`import { parseMetainfo } from 'btkit/metainfo'`, 'parseMetainfo(bytes)', torrent),
      parsing(`import parse from 'parse-torrent'`, 'parse(bytes)', torrent),
    )
  }
} finally {
  rmSync(scratch, { recursive: true })
}

/** Prints the best times of two scripts, and their ratio. */
function compare(what, a, b) {
  const best = [Infinity, Infinity]
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, script] of [a, b].entries()) best[at] = Math.min(best[at], measure(script))
  }
  const [mine, other] = best
  const figure = (ms) => (ms < 10 ? `${(ms * 1000).toFixed(0)} us` : `${ms.toFixed(0)} ms`)
  console.log(`${what}: ${figure(mine)}, theirs ${figure(other)}: ${(other / mine).toFixed(1)}x`)
}

function measure(script) {
  const args = ['--input-type=module', '--eval', script]
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 120_000 }))
}
