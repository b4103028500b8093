// Compares the start of commands with that of Node alone.
//
//   node bench/show.js
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { compare, makeScratch, printTable, run, runBtkit, tracker } from './support.js'

/** Milliseconds after which a file counts as settled. */
const SETTLED = 3000
const TURNS = 25

const scratch = makeScratch({ inMemory: true })
const entries = join(scratch, 'entries')
mkdirSync(entries)
const file = join(entries, 'small')
writeFileSync(file, 'small')
const places = { BTKIT_CACHE_DIR: join(scratch, 'cache'), BTKIT_STATE_DIR: join(scratch, 'state') }
const complete = ['completedir', tracker, entries, '--target', scratch, '--quiet']
await setTimeout(SETTLED)
runBtkit(complete, places)
await setTimeout(SETTLED)

const commands = {
  '--version': ['--version'],
  'showmetainfo small.torrent': ['showmetainfo', join(scratch, 'small.torrent')],
  'completedir of one entry, unchanged': complete,
}
const [node, ...starts] = compare(
  [
    () => run([process.execPath, '-e', '0']),
    ...Object.values(commands).map((args) => () => runBtkit(args, places)),
  ],
  TURNS,
)
printTable('Start', [
  ['command', 'milliseconds', 'times node -e 0'],
  ['node -e 0', (node.seconds * 1000).toFixed(0), '1'],
  ...Object.keys(commands).map((name, i) => [
    `btkit ${name}`,
    (starts[i].seconds * 1000).toFixed(0),
    (starts[i].seconds / node.seconds).toFixed(2),
  ]),
])
