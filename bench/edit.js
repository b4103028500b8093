// Compares `btkit reannounce` of many torrents, which are durably on the disk when it ends, with
// `cp -r` of the same torrents followed by `sync`. Each turn edits the copy that it made. Nothing
// is removed before the end, so the run needs seven times the space of the torrents, in the
// temporary directory or the given one.
//
// On ext4 without a journal, creating files is slow where files were removed or replaced within the
// last minute. Because of the pauses between turns, a run takes seven minutes. With a journal it
// needs no pauses. Build first: npm run build
//
//   node bench/edit.js [torrents] [directory] [seconds of pause]
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpus, tmpdir } from 'node:os'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, printTable, run, runBtkit } from './support.js'

const SIZE = 50_000
const MIN_RATE = 5000
const MAX_RATIO = 1.5

const count = Number(process.argv[2] ?? 10_000)
const pause = Number(process.argv[4] ?? 65)
const scratch = mkdtempSync(join(process.argv[3] ?? tmpdir(), 'btkit-bench-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

const torrents = join(scratch, 'torrents')
const list = join(scratch, 'list')
const names = Array.from({ length: count }, (_, i) => `${i}.torrent`)
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
  for (const name of names) writeFileSync(join(torrents, name), torrentOf(name))
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
  turn++
  execFileSync('sync')
  execFileSync('sleep', [String(pause)])
  return run(['sh', '-c', 'cp -r "$0" "$1" && sync', torrents, copyOf(turn)])
}

function reannounceAll() {
  writeFileSync(list, names.map((name) => join(copyOf(turn), name)).join('\n'))
  return runBtkit(['reannounce', 'http://new.example/announce', '--quiet', '--files-from', list])
}

function copyOf(turn) {
  return join(scratch, `copy-${turn}`)
}
