// Compares the start of `btkit showmetainfo small.torrent` with that of Node alone.
//
//   node bench/show.js
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compare, makeScratch, printTable, run, runBtkit, tracker } from './support.js'

const file = join(makeScratch({ inMemory: true }), 'small')
writeFileSync(file, 'small')
runBtkit(['makemetafile', file, tracker, '--no-cache', '--quiet'])
const [node, show] = compare(
  [() => run([process.execPath, '-e', '0']), () => runBtkit(['showmetainfo', `${file}.torrent`])],
  25,
)
printTable('Start', [
  ['command', 'milliseconds', 'times node -e 0'],
  ['node -e 0', (node.seconds * 1000).toFixed(0), '1'],
  [
    'btkit showmetainfo small.torrent',
    (show.seconds * 1000).toFixed(0),
    (show.seconds / node.seconds).toFixed(2),
  ],
])
