import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { unlessWindows } from '../../../disk/failure.js'
import { assertQuiet, assertStatus, parseJson, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import { singleFileInfo, torrentOf } from '../../../support/torrents.js'

const SECRET = 'http://tracker.example/0123456789/announce'

function plant(t: TestContext): string {
  const directory = makeScratch(t, {
    'a.torrent': torrentOf(singleFileInfo(), { announce: SECRET }),
    'again.torrent': torrentOf(singleFileInfo(), { announce: SECRET }),
    'b.torrent': torrentOf(singleFileInfo({ name: 'b', private: 1, 'piece length': 32768 }), {
      'announce-list': [[SECRET, 'udp://other.example:6969']],
    }),
    'no.txt': 'not a torrent',
  })
  mkdirSync(join(directory, 'below'))
  const info = singleFileInfo({ name: 'c', 'piece length': 32768 })
  writeFileSync(join(directory, 'below/c.torrent'), torrentOf(info))
  return directory
}

test('a torrent whose name is not UTF-8 is reported, and the others are added up', async (t) => {
  const directory = plant(t)
  const name = Buffer.from('\xe9.torrent', 'latin1')
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), name]), torrentOf(singleFileInfo()))
  const { status, stdout, stderr } = await runBtkit(['stats', directory])
  const problem = `btkit: ${directory}/\\xe9.torrent: the name is not valid UTF-8\n`
  assert.deepEqual([status, stderr], [1, problem])
  assert.match(stdout, /^torrents {2}4 /)
})

test('the torrents below a directory are added up', async (t) => {
  const { stdout } = assertQuiet(await runBtkit(['stats', plant(t)]))
  assert.deepEqual(stdout.replace(/^\.torrent .*$/m, '').split('\n'), [
    'torrents  4 (1 private, 1 twice)',
    'content   15 B in 3 files, 3 pieces',
    '',
    '',
    'torrents     content  version',
    '       3        15 B  v1',
    '',
    'torrents     content  piece length',
    '       1         5 B  16 KiB',
    '       2        10 B  32 KiB',
    '',
    'torrents     content  tracker',
    '       2        10 B  http://tracker.example',
    '       1         5 B  none',
    '       1         5 B  udp://other.example:6969',
    '',
  ])
})

test('a torrent that is named and found counts once', async (t) => {
  const directory = plant(t)
  const args = ['stats', '--json', directory, join(directory, 'a.torrent')]
  const { torrents, duplicates, size, pieceLengths } = parseJson(await runBtkit(args))
  assert.deepEqual([torrents, duplicates, size], [4, 1, 15])
  assert.deepEqual(pieceLengths, [
    { value: 16384, torrents: 1, size: 5 },
    { value: 32768, torrents: 2, size: 10 },
  ])
})

test('unreadable files are reported and counted, and the status is 1', async (t) => {
  const directory = plant(t)
  writeFileSync(join(directory, 'bad.torrent'), 'bad')
  const { stdout, stderr } = assertStatus(await runBtkit(['stats', directory]), 1)
  assert.match(stdout, /^torrents {2}4 \(1 private, 1 twice, 1 failed\)\n/)
  assert.match(stderr, /^btkit: \S+bad\.torrent: not a torrent/)
})

test('a directory without torrents is an error', async (t) => {
  const { stderr } = assertStatus(await runBtkit(['stats', makeScratch(t, {})]), 1)
  assert.match(
    stderr,
    /contains no \.torrent; make its torrent first \(btkit create \S+\), then name that\n$/,
  )
})

test('a pipe among torrents is ignored', unlessWindows, async (t) => {
  const directory = makeScratch(t, { 'a.torrent': torrentOf(singleFileInfo()) })
  execFileSync('mkfifo', [join(directory, 'pipe.torrent')])
  const { stdout } = assertStatus(await runBtkit(['stats', directory]), 0)
  assert.match(stdout, /^torrents  1\n/)
})
