import assert from 'node:assert/strict'
import fs from 'node:fs'
import { appendFile, chmod, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { entriesOf, Mirror, type Report } from '../../../support/mirror.js'
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
      const { atime, mtime } = fs.statSync(mirror.at('a.iso'))
      fs.writeFileSync(mirror.at('a.iso'), pseudoRandom(40 * KIB, 9))
      fs.utimesSync(mirror.at('a.iso'), atime, mtime)
    },
    { updated: ['a.iso'], bytesHashed: 40 * KIB },
  ],
  'is replaced by another of its size and time': [
    (mirror) => {
      const { atime, mtime } = fs.statSync(mirror.at('a.iso'))
      fs.writeFileSync(`${mirror.root}/new`, pseudoRandom(40 * KIB, 9))
      fs.utimesSync(`${mirror.root}/new`, atime, mtime)
      fs.renameSync(`${mirror.root}/new`, mirror.at('a.iso'))
    },
    { updated: ['a.iso'], bytesHashed: 40 * KIB },
  ],
  'is cut short': [
    (mirror) => {
      fs.truncateSync(mirror.at('a.iso'), 20 * KIB)
    },
    { updated: ['a.iso'], bytesHashed: 20 * KIB },
  ],
  'has grown': [
    (mirror) => {
      fs.appendFileSync(mirror.at('a.iso'), 'more')
    },
    { updated: ['a.iso'], bytesHashed: 40 * KIB + 4 },
  ],
  'is touched': [
    (mirror) => {
      fs.utimesSync(mirror.at('a.iso'), 1e9, 1e9)
    },
    { bytesHashed: 40 * KIB },
  ],
  'is given a time before 1970': [
    (mirror) => {
      fs.utimesSync(mirror.at('a.iso'), -5, -5)
    },
    { bytesHashed: 40 * KIB },
  ],
  'is renamed': [
    (mirror) => {
      fs.renameSync(mirror.at('a.iso'), mirror.at('d.iso'))
      fs.rmSync(mirror.torrent('a.iso'))
    },
    { created: ['d.iso'], bytesHashed: 40 * KIB },
  ],
  'gets another hard link': [
    (mirror) => {
      fs.linkSync(mirror.at('a.iso'), mirror.at('d.iso'))
    },
    // The link moves the ctime of both names
    { created: ['d.iso'], bytesHashed: 80 * KIB },
  ],
  'changes places with another': [
    (mirror) => {
      fs.renameSync(mirror.at('a.iso'), mirror.at('x'))
      fs.renameSync(mirror.at('b.iso'), mirror.at('a.iso'))
      fs.renameSync(mirror.at('x'), mirror.at('b.iso'))
    },
    { updated: ['a.iso', 'b.iso'], bytesHashed: 70 * KIB },
  ],
  'becomes a directory': [
    (mirror) => {
      fs.renameSync(mirror.at('a.iso'), mirror.at('x'))
      fs.mkdirSync(mirror.at('a.iso'))
      fs.renameSync(mirror.at('x'), mirror.at('a.iso', 'inner'))
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

/** Ways to change a file or directory. */
const WAYS: Record<string, (path: string) => Promise<void>> = {
  write: (path) => writeFile(path, 'xyz'),
  empty: (path) => writeFile(path, ''),
  damage: (path) => appendFile(path, 'damage\n'),
  touch: (path) => utimes(path, 1e9, 1e9),
  chmod: (path) => chmod(path, 0o600),
  rename: (path) => rename(path, `${path}-renamed`),
  remove: (path) => rm(path, { recursive: true }),
}

/** Changes below the root of a mirror after a run that found nothing to do. */
const SMALL: [how: string, path: string, outcome: Partial<Record<keyof Report, string[]>>][] = [
  ['write', 'src/new', { created: ['new'] }],
  ['write', 'src/.new', {}],
  ['chmod', 'src/a', {}],
  ['rename', 'src/a', { created: ['a-renamed'] }],
  ['write', 'src/.hidden', { updated: ['link'] }],
  ['write', 'src/tree/sub/d', { updated: ['tree'] }],
  ['write', 'src/tree/sub/new', { updated: ['tree'] }],
  ['remove', 'src/tree/sub/d', { updated: ['tree'] }],
  ['rename', 'src/tree/sub', { updated: ['tree'] }],
  ['remove', 'out/a.torrent', { created: ['a'] }],
  ['empty', 'out/a.torrent', { updated: ['a'] }],
  ['chmod', 'out/a.torrent', {}],
  ['touch', 'out/a.torrent', {}],
  ['write', 'out/else', {}],
  ['remove', 'state/torrents', {}],
  ['damage', 'state/torrents/*', {}],
]

for (const [how, path, outcome] of SMALL) {
  test(`a run after one without changes notices: ${how} ${path}`, async (t) => {
    const files = { a: 'aaa', b: 'bbb', 'tree/c': 'c', 'tree/sub/d': 'd', '.hidden': 'h' }
    const mirror = new Mirror(t, files)
    fs.symlinkSync('.hidden', mirror.at('link'))
    await mirror.report()
    assert.equal((await mirror.report()).unchanged, 4)
    const [name = ''] = fs.readdirSync(join(mirror.state, 'torrents'))
    await WAYS[how]?.(join(mirror.root, path.replace('*', name)))
    const { created, updated, removed } = await mirror.report()
    const seen = { created: entriesOf(created), updated: entriesOf(updated), removed }
    assert.deepEqual(seen, { created: [], updated: [], removed: [], ...outcome })
  })
}

test('a change after another is noticed, and one after a run that found none', async (t) => {
  const mirror = await Mirror.made(t, { a: 'aaa' })
  for (const content of ['one', 'two', '', 'four']) {
    if (content !== '') fs.writeFileSync(mirror.at('a'), content)
    assert.deepEqual(entriesOf((await mirror.report()).updated), content === '' ? [] : ['a'])
  }
})

test('a directory that becomes a file and a directory again has the right torrent', async (t) => {
  const mirror = await Mirror.made(t, { 'e/one': 'one', 'e/two': 'two' })
  fs.renameSync(mirror.at('e'), `${mirror.root}/aside`)
  fs.writeFileSync(mirror.at('e'), 'onetwo')
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['e'])
  await mirror.checkAgainstFresh()
  fs.rmSync(mirror.at('e'))
  fs.renameSync(`${mirror.root}/aside`, mirror.at('e'))
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
  fs.writeFileSync(mirror.at('dir', 'b'), pseudoRandom(100 * KIB, 9))
  const { updated, bytesHashed, bytesReused } = await mirror.report(SMALL_PIECES)
  assert.deepEqual(entriesOf(updated), ['dir'])
  // b is at 40 to 140 KiB, so its pieces are the third to the ninth
  assert.deepEqual([bytesHashed, bytesReused], [7 * 16 * KIB, 260 * KIB - 7 * 16 * KIB])
  await mirror.checkAgainstFresh(SMALL_PIECES)
})

test('a changed last file is read to the short piece at its end', async (t) => {
  const mirror = await Mirror.made(t, TREE, SMALL_PIECES)
  fs.utimesSync(mirror.at('dir', 'd'), 1e9, 1e9)
  // d is at 190 to 260 KiB
  assert.equal((await mirror.report(SMALL_PIECES)).bytesHashed, (260 - 176) * KIB)
  await mirror.checkAgainstFresh(SMALL_PIECES)
})

test('a new file among those of a directory leaves those before it unread', async (t) => {
  const mirror = await Mirror.made(t, TREE, SMALL_PIECES)
  fs.writeFileSync(mirror.at('dir', 'bb'), pseudoRandom(16 * KIB, 9))
  const { bytesHashed } = await mirror.report(SMALL_PIECES)
  // It is at 140 to 156 KiB, and moves what follows by a whole piece: that keeps its digests
  assert.equal(bytesHashed, 2 * 16 * KIB)
  await mirror.checkAgainstFresh(SMALL_PIECES)
})

test('a file that goes from one directory to another is found in both torrents', async (t) => {
  const mirror = await Mirror.made(t, { ...TREE, 'other/z': 'z' })
  fs.renameSync(mirror.at('dir', 'b'), mirror.at('other', 'b'))
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['dir', 'other'])
  await mirror.checkAgainstFresh()
})

test('a file renamed inside its directory changes the names in the torrent', async (t) => {
  const mirror = await Mirror.made(t, TREE)
  fs.renameSync(mirror.at('dir', 'b'), mirror.at('dir', 'bbb'))
  assert.deepEqual(entriesOf((await mirror.report()).updated), ['dir'])
  await mirror.checkAgainstFresh()
})
