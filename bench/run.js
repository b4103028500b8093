// Measures btkit, row by row of the limits. A row takes turns with the program that its limit names
// (find, cp, mktorrent, node …), and with another build if one is named. Ends with 1 if a limit is
// broken, or if this build is more than a tenth worse than the other. Build first: npm run build
//
//   npm run bench -- [--beside COMMIT] [--quick] [WORD...]
//   npm run bench -- --guard COMMIT
//
// --guard looks in some minutes whether a request costs more than in a commit, and whether an
// honest client is served under siege. WORDs choose the rows that have one of them in their names.
// --quick takes smaller data and fewer turns, and asks only limits that hold for these. A row
// without the program beside it is skipped.
import { cpus, release, type } from 'node:os'
import { parseArgs } from 'node:util'
import { describeBuild, findBuilds } from './beside/builds.js'
import { linesOf } from './beside/measure.js'
import { printTable } from './support.js'

/** The files of rows, in their order. */
const KINDS =
  'start hashing urls trees directories torrents serve track seed fleet library siege'.split(' ')

/** The rows of what services cost at rest, and of the siege of all attackers. */
const GUARD = [
  'serve, warm torrent of 4 KB',
  'file of 35 KB',
  'ranges of 256 KiB',
  'listing of 40 directories',
  'one download of 700 MiB',
  'track, announces',
  'attackers 1 to 17 together',
]

const { values, positionals } = parseArgs({
  options: {
    beside: { type: 'string' },
    guard: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const beside = values.guard ?? values.beside
const isQuick = values.quick || values.guard !== undefined
const words = values.guard === undefined ? positionals : GUARD
const all = []
for (const kind of KINDS) all.push(...(await import(`./beside/rows/${kind}.js`)).ROWS)
const rows = all.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
)
if (rows.length === 0) {
  console.error(`bench: no row has ${words.join(' or ')} in its name; the rows are`)
  for (const { name } of all) console.error(`  ${name}`)
  process.exit(2)
}
const lines = []
// A run that is stopped prints what it has, as soon as the program that it measures has ended
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    print()
    process.exit(1)
  })
}
const programs = findBuilds(beside)
for (const row of rows) {
  const started = performance.now()
  const measured = await linesOf(row, programs, isQuick)
  lines.push(...measured)
  for (const { cells } of measured) console.error(cells.join(' | '))
  console.error(`  took ${((performance.now() - started) / 1000).toFixed(0)} s`)
}
print()
process.exitCode = lines.some(({ isLost }) => isLost) ? 1 : 0

function print() {
  const builds = beside === undefined ? 'This build' : `${describeBuild(beside)} and this build`
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}`
  const head = ['work', 'before', 'now', 'now / before', 'ratio', 'limit', '']
  const isKept = (_, column) => beside !== undefined || ![1, 3].includes(column)
  printTable(`${builds}, Node ${process.version}, ${machine}, ${type()} ${release()}`, [
    head.filter(isKept),
    ...lines.map(({ cells }) => cells.filter(isKept)),
  ])
}
