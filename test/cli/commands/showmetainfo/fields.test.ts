import assert from 'node:assert/strict'
import { test } from 'node:test'
import { directoryInfo, goldenTorrent, torrentOf } from '../../../support/torrents.js'
import { show } from './show.js'

const FULL = torrentOf(
  directoryInfo(
    [
      { length: 3, path: ['a', 'b'] },
      { length: 1, path: ['.pad', '1'], attr: 'p' },
      { length: 0, path: ['c'] },
    ],
    { private: 1, collections: ['one', 'two'] },
  ),
  {
    announce: 'http://t/',
    'announce-list': [['http://t/', 'http://u/'], ['udp://v']],
    comment: 'first\nsecond',
    'url-list': ['http://w/', 'http://x/'],
    nodes: [['::1', 6881]],
  },
)

/** The output of `--field NAME` for a torrent, by name. */
const EXPECTED: Record<string, string> = {
  name: 'dir\n',
  size: '3\n',
  'piece-length': '16384\n',
  private: 'true\n',
  announceList: 'http://t/,http://u/\nudp://v\n',
  web_seeds: 'http://w/\nhttp://x/\n',
  nodes: '[::1]:6881\n',
  comment: 'first\\nsecond\n',
  'created-by': '',
  collections: 'one\ntwo\n',
  files: 'a/b\nc\n',
  'info-hash-v2': '',
  'pieces-roots': '',
}

for (const [name, expected] of Object.entries(EXPECTED)) {
  test(`--field ${name} prints only the value, one a line`, async (t) => {
    const { status, stdout, stderr } = await show(t, FULL, { args: ['--field', name] })
    assert.deepEqual([status, stdout, stderr], [0, expected, ''])
  })
}

test('several fields come in the order in which they are asked for', async (t) => {
  const args = ['--field', 'size', '--field', 'name']
  assert.equal((await show(t, FULL, { args })).stdout, '3\ndir\n')
})

test('the roots of version 2 are in the order of the files, with an empty line for none', async (t) => {
  const args = ['--field', 'pieces-roots']
  const { stdout } = await show(t, goldenTorrent('v2-directory.torrent'), { args })
  const lines = stdout.split('\n')
  assert.deepEqual(
    lines.map(({ length }) => length),
    [64, 64, 64, 0, 64, 0],
  )
  assert.equal(lines[0], 'dcdf17f7cf9774b562b5c8b9df549a13b1566e87d6d48999355f9ab32a9e0ed6')
})

test('a name that is no field is refused with those that are', async (t) => {
  const { status, stdout, stderr } = await show(t, FULL, { args: ['--field', 'hash'] })
  assert.deepEqual([status, stdout], [2, ''])
  assert.match(
    stderr,
    /^btkit: --field 'hash': unknown field; use one of infoHash, infoHashV2, .*\n$/,
  )
})

test('--field goes with no other view', async (t) => {
  for (const view of ['--json', '--tree', '--magnet']) {
    const { status } = await show(t, FULL, { args: ['--field', 'name', view] })
    assert.equal(status, 2, view)
  }
})
