import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { directoryInfo, singleFileInfo, torrentOf } from '../../../support/torrents.js'

const TORRENT = torrentOf(singleFileInfo(), { announce: 'http://tracker.example/announce' })

test('magnet prints the link that showmetainfo has', async (t) => {
  const torrent = join(makeScratch(t, { 'a.torrent': TORRENT }), 'a.torrent')
  const { stdout } = await runBtkit(['magnet', torrent])
  const shown = await runBtkit(['showmetainfo', '--magnet', torrent])
  assert.equal(stdout, shown.stdout)
})

test('magnet --select-only puts the files to download into the link', async (t) => {
  const files = ['a', 'b', 'c'].map((path) => ({ length: 1, path: [path] }))
  const torrent = join(
    makeScratch(t, { 'x.torrent': torrentOf(directoryInfo(files)) }),
    'x.torrent',
  )
  const link = (range: string) => runBtkit(['magnet', '--select-only', range, torrent])
  assert.match((await link('0, 1-2')).stdout, /&xl=3&so=0,1-2\n$/)
  const beyond = await link('1-3')
  assert.deepEqual([beyond.status, beyond.stdout], [1, ''])
  assert.match(beyond.stderr, /x\.torrent: has no file 3: the last of its 3 is 2\n$/)
  for (const range of ['', 'a', '2-1', '1,,2']) {
    const wrong = await link(range)
    assert.deepEqual([wrong.status, wrong.stdout], [2, ''], range)
  }
})

test('magnet warns of a passkey in its link', async (t) => {
  const announce = 'http://t.example/announce?passkey=0123456789abcdef'
  const torrent = join(
    makeScratch(t, { 'a.torrent': torrentOf(singleFileInfo(), { announce }) }),
    'a.torrent',
  )
  const { status, stderr } = await runBtkit(['magnet', torrent])
  const note = `btkit: ${torrent}: the link holds a passkey; whoever has it can use it\n`
  assert.deepEqual([status, stderr], [0, note])
})
