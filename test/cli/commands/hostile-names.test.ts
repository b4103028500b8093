import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertStatus, runBtkit } from '../../support/run-btkit.js'
import { makeScratch } from '../../support/scratch.js'
import { directoryInfo, torrentOf, TRACKER } from '../../support/torrents.js'
import { show } from './showmetainfo/show.js'

/** A terminal's title, colours and cursor, a line of one's own, and text that runs backwards. */
const HOSTILE = 'x\u001b]0;t\u0007\u001b[31m\r\n\u009b2J\u202efdp.\u2066\u200b\u2028\u007f'
/** All that must not reach a terminal; the newline is what ends our own lines. */
const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u2028\u202e\u2066]/

const TORRENT = torrentOf(
  directoryInfo(
    [
      { length: 1, path: [HOSTILE, HOSTILE] },
      { length: 1, path: ['..', HOSTILE] },
    ],
    { name: HOSTILE, source: HOSTILE },
  ),
  {
    announce: `http://${HOSTILE}/`,
    'announce-list': [[HOSTILE], [HOSTILE]],
    comment: HOSTILE,
    'created by': HOSTILE,
    httpseeds: [HOSTILE],
    'url-list': [HOSTILE],
    nodes: [[HOSTILE, 80]],
  },
)

for (const view of ['text', '--tree', '--json', '--magnet']) {
  test(`a hostile torrent reaches no terminal raw: ${view}`, async (t) => {
    const args = view === 'text' ? [] : [view]
    const { stdout, stderr } = assertStatus(await show(t, TORRENT, { args }), 0)
    assert.doesNotMatch(stdout, RAW)
    assert.doesNotMatch(stderr, RAW)
    assert.ok(stdout.length > 100 && stderr.length > 10)
  })

  test(`a hostile torrent adds no lines of its own: ${view}`, async (t) => {
    const args = view === 'text' ? [] : [view]
    const tame = Buffer.from(TORRENT).toString('latin1').replaceAll('\r\n', 'rn')
    const lines = async (bytes: Uint8Array) => {
      return (await show(t, bytes, { args })).stdout.split('\n').length
    }
    assert.equal(await lines(TORRENT), await lines(Buffer.from(tame, 'latin1')))
  })
}

test('a hostile key of a torrent reaches no terminal raw', async (t) => {
  const { stderr } = assertStatus(await show(t, `d${HOSTILE.length}:${HOSTILE}`), 1)
  assert.doesNotMatch(stderr, RAW)
})

test('a file with a hostile name gets a torrent, and its name is printed escaped', async (t) => {
  const directory = makeScratch(t, { [`d/${HOSTILE}`]: '1', [`d/.${HOSTILE}`]: '1' })
  const source = join(directory, 'd')
  for (const name of ['plain', HOSTILE]) {
    for (const json of [[], ['--json']]) {
      const args = ['makemetafile', source, TRACKER, '--name', name, ...json]
      const { stdout, stderr } = assertStatus(await runBtkit(args), 0)
      assert.doesNotMatch(stdout, RAW)
      assert.doesNotMatch(stderr, RAW)
    }
  }
})

for (const args of [
  ['makemetafile', `/nonexistent/${HOSTILE}`, TRACKER],
  ['makemetafile', '/nonexistent', `http://${HOSTILE}`],
  ['makemetafile', '/nonexistent', TRACKER, '--comment', 'x', `--${HOSTILE}`],
  ['makemetafile', '/nonexistent', TRACKER, '--threads', HOSTILE],
  ['makemetafile', '/nonexistent', TRACKER, '--exclude', `/${HOSTILE}/`, '--include', '/'],
  ['showmetainfo', `/nonexistent/${HOSTILE}`],
  [HOSTILE],
]) {
  test(`hostile arguments reach no terminal raw: ${JSON.stringify(args)}`, async () => {
    const { status, stderr } = await runBtkit(args)
    assert.notEqual(status, 0)
    assert.match(stderr, /^btkit: [^\n]+\n$/)
    assert.doesNotMatch(stderr, RAW)
  })
}
