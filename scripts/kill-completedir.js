// Kills `btkit completedir` at random moments, and sees to it that each torrent is whole and right
// then, that none is taken for another's, and that the next run mends what is missing. Build first.
//
//   node scripts/kill-completedir.js [KILLS] [ENTRIES]
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const kills = Number(process.argv[2] ?? 100)
const entries = Number(process.argv[3] ?? 300)
const TRACKER = 'http://tracker.example/announce'

const btkit = fileURLToPath(new URL('../bin/btkit.js', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'btkit-kill-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))
const at = (name) => join(root, name)

mkdirSync(at('src/tree'), { recursive: true })
for (let i = 0; i < entries; i++) writeFileSync(at(`src/e${i}`), randomBytes(20_000 + i * 100))
for (let i = 0; i < 20; i++) writeFileSync(at(`src/tree/${i}`), randomBytes(50_000 + i))
mkdirSync(at('out'))
// Files that were written just now are not remembered
await setTimeout(2100)

let wasAtWork = 0
let found = 0
complete('out', '0')
for (let i = 1; i <= kills; i++) {
  const previous = digestsOf('out')
  if (i % 5 === 0) for (const name of readdirSync(at('out'))) rmSync(join(at('out'), name))
  const right = makeFresh(`${i}`)
  if (await killRun(`${i}`, 800)) wasAtWork++
  for (const [name, digest] of digestsOf('out')) {
    if (digest !== right.get(name) && digest !== previous.get(name)) fail(i, `${name} is not whole`)
  }
  found += readdirSync(at('out')).filter((name) => name.startsWith('.')).length
  const { skipped, failed } = complete('out', `${i}`)
  if (skipped.length + failed.length > 0) fail(i, JSON.stringify({ skipped, failed }))
  if (!isEqual(digestsOf('out'), right)) fail(i, 'the torrents are not those of a fresh run')
  const left = readdirSync(at('out')).filter((name) => !name.endsWith('.torrent'))
  if (left.length > 0) fail(i, `left behind: ${left.join(' ')}`)
}
console.log(
  `${kills} kills, ${wasAtWork} of them before the end; ${found} temporary files cleaned up`,
)

function args(target, comment, rest) {
  const places = [at('src'), '--target', at(target), '--cache-dir', at('cache')]
  return [btkit, 'completedir', TRACKER, ...places, '--no-date', '--comment', comment, ...rest]
}

function complete(target, comment, rest = []) {
  const run = spawnSync(process.execPath, args(target, comment, ['--json', ...rest]), {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (run.status !== 0 || run.stderr !== '') fail(0, `status ${run.status}: ${run.stderr}`)
  return JSON.parse(run.stdout)
}

/** The digests of the torrents that a run without any memory makes. */
function makeFresh(comment) {
  rmSync(at('fresh'), { recursive: true, force: true })
  mkdirSync(at('fresh'))
  complete('fresh', comment, ['--no-cache', '--force'])
  return digestsOf('fresh')
}

/** Starts a run and kills it within `most` milliseconds; true when it was still at work. */
async function killRun(comment, most) {
  const child = spawn(process.execPath, args('out', comment, ['--quiet']), { stdio: 'inherit' })
  const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)))
  await setTimeout(Math.random() * most)
  child.kill('SIGKILL')
  return (await ended) === 'SIGKILL'
}

function digestsOf(target) {
  const names = readdirSync(at(target)).filter((name) => name.endsWith('.torrent'))
  return new Map(
    names.sort().map((name) => {
      const bytes = readFileSync(join(at(target), name))
      return [name, createHash('sha256').update(bytes).digest('hex')]
    }),
  )
}

function isEqual(a, b) {
  return a.size === b.size && [...a].every(([name, digest]) => b.get(name) === digest)
}

function fail(kill, why) {
  console.error(`kill ${kill}: ${why}`)
  process.exit(1)
}
