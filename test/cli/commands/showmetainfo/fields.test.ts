import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertError, runBtkit } from '../../../support/run-btkit.js'
import { makeScratch } from '../../../support/scratch.js'
import {
  directoryInfo,
  goldenTorrent,
  torrentOf,
  singleFileInfo,
} from '../../../support/torrents.js'
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
  test(`--field ${name} prints only the value, one per line`, async (t) => {
    const { status, stdout, stderr } = await show(t, FULL, { args: ['--field', name] })
    assert.deepEqual([status, stdout, stderr], [0, expected, ''])
  })
}

test('several fields come in the order in which they are asked for', async (t) => {
  const args = ['--field', 'size', '--field', 'name']
  assert.equal((await show(t, FULL, { args })).stdout, '3\ndir\n')
  const missing = ['--field', 'created-by', '--field', 'private', '--field', 'source']
  assert.equal((await show(t, FULL, { args: missing })).stdout, '\ntrue\n\n')
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
  const refused = await show(t, FULL, { args: ['--field', 'hash'] })
  assertError(refused, 'usage', "--field 'hash': unknown field; use one of infoHash, infoHashV2, ")
})

test('--field goes with no other view', async (t) => {
  for (const view of ['--json', '--tree', '--magnet']) {
    const { status } = await show(t, FULL, { args: ['--field', 'name', view] })
    assert.equal(status, 2, view)
  }
})

async function same(t: TestContext, torrents: readonly Uint8Array[], args: string[] = []) {
  const scratch = makeScratch(t)
  const names = torrents.map((_, i) => join(scratch, `${i}.torrent`))
  for (const [i, name] of names.entries()) await writeFile(name, torrents[i] ?? '')
  const ran = await runBtkit(['showmetainfo', '--same', ...args, ...names])
  return { ...ran, stdout: ran.stdout.replaceAll(`${scratch}/`, '') }
}

test('torrents that differ only outside info share a swarm', async (t) => {
  const info = singleFileInfo()
  const [a, b] = [torrentOf(info), torrentOf(info, { announce: 'http://t/', comment: 'x' })]
  const { stdout, status } = await same(t, [a, b])
  assert.equal(stdout, '0.torrent, 1.torrent: one swarm\n')
  assert.equal(status, 0)
})

const CASES: readonly [string, object, object, string][] = [
  ['piece length', {}, { 'piece length': 65536 }, 'piece length: 32 KiB | 64 KiB'],
  ['private', {}, { private: 1 }, 'private: no | yes'],
  ['source', { source: 'A' }, { source: 'B\u001b' }, 'source: A | B\\x1b'],
  ['name', {}, { name: 'other' }, 'name: a | other'],
  ['size', {}, { length: 6 }, 'size: 5 bytes | 6 bytes'],
  ['further keys', {}, { entropy: 'q' }, 'info.entropy: none | 1:q'],
]

for (const [what, first, second, line] of CASES) {
  test(`--same names another ${what}`, async (t) => {
    const usual = { name: 'a', length: 5, 'piece length': 32768 }
    const torrents = [first, second].map((each) => torrentOf(singleFileInfo({ ...usual, ...each })))
    const { stdout, status } = await same(t, torrents)
    assert.equal(stdout, `0.torrent, 1.torrent: two swarms\n  ${line}\n`)
    assert.equal(status, 1)
  })
}

test('--same names the option that chooses the piece length by size', async (t) => {
  const lengths = [2 ** 18, 2 ** 15, 2 ** 16]
  const torrents = lengths.map((length) => torrentOf(singleFileInfo({ 'piece length': length })))
  const { stdout } = await same(t, torrents)
  assert.match(stdout, /0.torrent, 1.torrent: [^]*256 KiB \| 32 KiB\n.*--piece_size_pow2 0 chooses/)
  assert.equal(stdout.split('--piece_size_pow2').length, 2)
})

test('--same names files that only one has, and another order', async (t) => {
  const [x, y, z] = ['x', 'y', 'z'].map((name) => ({ length: 1, path: [name] }))
  const make = (...files: object[]) => torrentOf(directoryInfo(files as never))
  const { stdout } = await same(t, [make(x!, y!), make(x!, z!), make(y!, x!)])
  assert.equal(
    stdout,
    '0.torrent, 1.torrent: two swarms\n  files: 2 files, with y | 2 files, with z\n' +
      '0.torrent, 2.torrent: two swarms\n  order: file 1 is x | file 1 is y\n',
  )
})

test('--same says that the content differs when nothing else does', async (t) => {
  const torrents = [1, 2].map((byte) => {
    return torrentOf(singleFileInfo({ pieces: Buffer.alloc(20, byte) }))
  })
  const { stdout } = await same(t, torrents, ['--json'])
  const { same: isSame, differences } = JSON.parse(stdout) as {
    same: boolean
    differences: { what: string }[]
  }
  assert.equal(isSame, false)
  assert.deepEqual(
    differences.map(({ what }) => what),
    ['content'],
  )
})

test('--same needs two torrents', async (t) => {
  const { stderr, status } = await same(t, [torrentOf(singleFileInfo())])
  assert.match(stderr, /--same needs at least two torrents/)
  assert.equal(status, 2)
})
