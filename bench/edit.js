// Compares `btkit reannounce` of many torrents, which are durably on the disk when it ends, with
// `cp -r` of the same torrents followed by `sync`. On the disk of the temporary directory, or that of
// the one given. Build first: npm run build
//
//   node bench/edit.js [torrents] [directory]
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpus, tmpdir } from 'node:os'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, printTable, run, runBtkit } from './support.js'

const SIZE = 50_000
const MIN_RATE = 5000
const MAX_RATIO = 4

const count = Number(process.argv[2] ?? 10_000)
const scratch = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'btkit-bench-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

const torrents = join(scratch, 'torrents')
const list = join(scratch, 'list')
plantTorrents()
let turn = 0
const [copy, edit] = compare([copyAll, reannounceAll])

const rate = count / edit.seconds
const ratio = edit.seconds / copy.seconds
const row = (what, { seconds }) => [what, seconds.toFixed(2), Math.round(count / seconds)]
printTable(`${count} torrents of ${SIZE / 1000} KB, ${cpus().length} processors`, [
  ['what', 'seconds', 'torrents a second', 'times cp and sync'],
  [...row('cp -r and sync', copy), '1'],
  [...row('btkit reannounce', edit), ratio.toFixed(2)],
])
console.log(`\nat least ${MIN_RATE} a second: ${rate >= MIN_RATE ? 'yes' : 'no'}`)
console.log(`at most ${MAX_RATIO} times cp and sync: ${ratio <= MAX_RATIO ? 'yes' : 'no'}`)
process.exitCode = ratio <= MAX_RATIO ? 0 : 1

function plantTorrents() {
  mkdirSync(torrents)
  const names = Array.from({ length: count }, (_, i) => join(torrents, `${i}.torrent`))
  for (const name of names) writeFileSync(name, torrentOf(name))
  writeFileSync(list, names.join('\n'))
}

/** The digests are what makes a torrent large. */
function torrentOf(name) {
  const pieces = randomBytes(SIZE - (SIZE % 20))
  const size = (pieces.length / 20) * 2 ** 18
  const head = `d8:announce20:http://t.example/ann4:infod6:lengthi${size}e4:name`
  const info = `${name.length}:${name}12:piece lengthi${2 ** 18}e6:pieces${pieces.length}:`
  return Buffer.concat([Buffer.from(head + info), pieces, Buffer.from('ee')])
}

function copyAll() {
  const target = join(scratch, 'copy')
  execFileSync('sync')
  const result = run(['sh', '-c', 'cp -r "$0" "$1" && sync', torrents, target])
  rmSync(target, { recursive: true })
  execFileSync('sync')
  return result
}

/** Another tracker each time, so that every torrent changes. */
function reannounceAll() {
  turn++
  const announce = `http://tracker-${turn}.example/announce`
  return runBtkit(['reannounce', announce, '--quiet', '--files-from', list])
}
