import assert from 'node:assert/strict'
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { entriesOf, Mirror } from '../../../support/mirror.js'
import { pseudoRandom } from '../../../support/pseudo-random.js'

const KIB = 1024
const FILES = { 'a.iso': pseudoRandom(40 * KIB, 1), 'b.iso': pseudoRandom(30 * KIB, 2), c: 'c' }
const ALL = (40 + 30) * KIB + 1

interface Outcome {
  readonly updated?: readonly string[]
  readonly created?: readonly string[]
  readonly bytesHashed: number
}

/** Changes of a file between two runs, and the result of the second run. */
const CHANGES: Record<string, readonly [change: (mirror: Mirror) => void, outcome: Outcome]> = {
  'is rewritten with the same size and given its time again': [
    (mirror) => {
      const { atime, mtime } = statSync(mirror.at('a.iso'))
      writeFileSync(mirror.at('a.iso'), pseudoRandom(40 * KIB, 9))
      utimesSync(mirror.at('a.iso'), atime, mtime)
    },
    { updated: ['a.iso'], bytesHashed: 40 * KIB },
  ],
  'is replaced by another of its size and time': [
    (mirror) => {
      const { atime, mtime } = statSync(mirror.at('a.iso'))
      writeFileSync(`${mirror.root}/new`, pseudoRandom(40 * KIB, 9))
      utimesSync(`${mirror.root}/new`, atime, mtime)
      renameSync(`${mirror.root}/new`, mirror.at('a.iso'))
    },
    { updated: ['a.iso'], bytesHashed: 40 * KIB },
  ],
  'is cut short': [
    (mirror) => {
      truncateSync(mirror.at('a.iso'), 20 * KIB)
    },
    { updated: ['a.iso'], bytesHashed: 20 * KIB },
  ],
  'has grown': [
    (mirror) => {
      appendFileSync(mirror.at('a.iso'), 'more')
    },
    { updated: ['a.iso'], bytesHashed: 40 * KIB + 4 },
  ],
  'is touched': [
    (mirror) => {
      utimesSync(mirror.at('a.iso'), 1e9, 1e9)
    },
    { bytesHashed: 40 * KIB },
  ],
  'is given a time before 1970': [
    (mirror) => {
      utimesSync(mirror.at('a.iso'), -5, -5)
    },
    { bytesHashed: 40 * KIB },
  ],
  'is renamed': [
    (mirror) => {
      renameSync(mirror.at('a.iso'), mirror.at('d.iso'))
      rmSync(mirror.torrent('a.iso'))
    },
    { created: ['d.iso'], bytesHashed: 40 * KIB },
  ],
  'gets another hard link': [
    (mirror) => {
      linkSync(mirror.at('a.iso'), mirror.at('d.iso'))
    },
    // The link moves the ctime of both names
    { created: ['d.iso'], bytesHashed: 80 * KIB },
  ],
  'changes places with another': [
    (mirror) => {
      renameSync(mirror.at('a.iso'), mirror.at('x'))
      renameSync(mirror.at('b.iso'), mirror.at('a.iso'))
      renameSync(mirror.at('x'), mirror.at('b.iso'))
    },
    { updated: ['a.iso', 'b.iso'], bytesHashed: 70 * KIB },
  ],
  'becomes a directory': [
    (mirror) => {
      renameSync(mirror.at('a.iso'), mirror.at('x'))
      mkdirSync(mirror.at('a.iso'))
      renameSync(mirror.at('x'), mirror.at('a.iso', 'inner'))
    },
    { updated: ['a.iso'], bytesHashed: 40 * KIB },
  ],
}

for (const [what, [change, outcome]] of Object.entries(CHANGES)) {
  test(`when a file ${what}, its torrent is right again, and no other file is read`, async (t) => {
    const mirror = new Mirror(t, FILES)
    assert.equal((await mirror.report()).bytesHashed, ALL)
    change(mirror)
    const { created, updated, failed, bytesHashed } = await mirror.report()
    const seen = { updated: entriesOf(updated), created: entriesOf(created), failed, bytesHashed }
    assert.deepEqual(seen, { updated: [], created: [], failed: [], ...outcome })
    await mirror.checkAgainstFresh()
    assert.equal((await mirror.report()).bytesHashed, 0)
  })
}

test('a directory that becomes a file and a directory again has the right torrent', async (t) => {
  const mirror = new Mirror(t, { 'e/one': 'one', 'e/two': 'two' })
  await mirror.report()
  renameSync(mirror.at('e'), `${mirror.root}/aside`)
  writeFileSync(mirror.at('e'), 'onetwo')
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['e'])
  await mirror.checkAgainstFresh()
  rmSync(mirror.at('e'))
  renameSync(`${mirror.root}/aside`, mirror.at('e'))
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['e'])
  await mirror.checkAgainstFresh()
})

/** Pieces of 16 KiB through four files; each begins and ends inside a piece. */
const TREE = {
  'dir/a': pseudoRandom(40 * KIB, 1),
  'dir/b': pseudoRandom(100 * KIB, 2),
  'dir/c': pseudoRandom(50 * KIB, 3),
  'dir/d': pseudoRandom(70 * KIB, 4),
}
const SMALL_PIECES = ['--piece-size-pow2', '14']

test('only a changed file of a directory and the pieces at its edges are read', async (t) => {
  const mirror = new Mirror(t, TREE)
  assert.equal((await mirror.report(SMALL_PIECES)).bytesHashed, 260 * KIB)
  writeFileSync(mirror.at('dir', 'b'), pseudoRandom(100 * KIB, 9))
  const { updated, bytesHashed, bytesReused } = await mirror.report(SMALL_PIECES)
  assert.deepEqual(entriesOf(updated), ['dir'])
  // b is at 40 to 140 KiB, so its pieces are the third to the ninth
  assert.deepEqual([bytesHashed, bytesReused], [7 * 16 * KIB, 260 * KIB - 7 * 16 * KIB])
  await mirror.checkAgainstFresh(SMALL_PIECES)
})

test('a changed last file is read to the short piece at its end', async (t) => {
  const mirror = new Mirror(t, TREE)
  await mirror.report(SMALL_PIECES)
  utimesSync(mirror.at('dir', 'd'), 1e9, 1e9)
  // d is at 190 to 260 KiB
  assert.equal((await mirror.report(SMALL_PIECES)).bytesHashed, (260 - 176) * KIB)
  await mirror.checkAgainstFresh(SMALL_PIECES)
})

test('a new file among those of a directory leaves those before it unread', async (t) => {
  const mirror = new Mirror(t, TREE)
  await mirror.report(SMALL_PIECES)
  writeFileSync(mirror.at('dir', 'bb'), pseudoRandom(16 * KIB, 9))
  const { bytesHashed } = await mirror.report(SMALL_PIECES)
  // It is at 140 to 156 KiB, and moves what follows by a whole piece: that keeps its digests
  assert.equal(bytesHashed, 2 * 16 * KIB)
  await mirror.checkAgainstFresh(SMALL_PIECES)
})

test('a file that goes from one directory to another is found in both torrents', async (t) => {
  const mirror = new Mirror(t, { ...TREE, 'other/z': 'z' })
  await mirror.report()
  renameSync(mirror.at('dir', 'b'), mirror.at('other', 'b'))
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['dir', 'other'])
  await mirror.checkAgainstFresh()
})

test('a file renamed inside its directory changes the names in the torrent', async (t) => {
  const mirror = new Mirror(t, TREE)
  await mirror.report()
  renameSync(mirror.at('dir', 'b'), mirror.at('dir', 'bbb'))
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['dir'])
  await mirror.checkAgainstFresh()
})
