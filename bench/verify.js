// Compares `btkit verify` with `btkit makemetafile` on the same file, read from the page cache.
// Build first: npm run build
//
//   node bench/verify.js [GiB]
import { join } from 'node:path'
import { compare, makeScratch, plantFile, printTable, runBtkit, tracker } from './support.js'

const LIMIT = 1.1

const gib = Number(process.argv[2] ?? 4)
const file = join(makeScratch({ inMemory: true }), 'data')
plantFile(file, gib * 1024)

let worst = 0
const rows = [18, 20, 22].map((pow2) => {
  const pieces = ['--piece-size-pow2', String(pow2)]
  const [made, verified] = compare([
    () => runBtkit(['makemetafile', file, tracker, '--no-cache', '--quiet', ...pieces]),
    () => runBtkit(['verify', '--quiet', `${file}.torrent`]),
  ])
  const ratio = verified.seconds / made.seconds
  worst = Math.max(worst, ratio)
  return [`2^${pow2}`, made.seconds.toFixed(2), verified.seconds.toFixed(2), ratio.toFixed(2)]
})
printTable(`${gib} GiB in the page cache, seconds`, [
  ['pieces', 'makemetafile', 'verify', 'ratio'],
  ...rows,
])
console.log(`\nat most ${LIMIT} times makemetafile: ${worst <= LIMIT ? 'yes' : 'no'}`)
