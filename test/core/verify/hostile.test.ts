import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { unlessWindows } from '../../disk/failure.js'
import { makeScratch } from '../../support/scratch.js'
import { digestsFor, directoryInfo, singleFileInfo, torrentOf } from '../../support/torrents.js'
import { PIECE, placeOf, plantRelease, verify, type Release } from './release.js'

test('a torrent with an unsafe path or name is refused, and nothing is looked at', async (t) => {
  for (const info of [
    directoryInfo([{ length: 5, path: ['a', '..', '..', 'x'] }]),
    directoryInfo([{ length: 5, path: ['x'] }], { name: '..' }),
    singleFileInfo({ name: '/etc/passwd' }),
  ]) {
    await assert.rejects(
      verify({ directory: join(makeScratch(t), 'gone'), torrent: torrentOf(info) }),
      { code: 'unsafe-path' },
    )
  }
})

test('a backslash is part of a name where it parts no components', unlessWindows, async (t) => {
  const release = plantRelease(t, [{ path: 'dev-disk\\x2d1.mount', size: 10 }])
  assert.equal((await verify(release)).ok, true)
})

const FILES = [
  { path: 'a', size: 2 * PIECE },
  { path: 'sub/b', size: PIECE },
]

/** A release, and a directory elsewhere that holds the same content. */
function plantTwice(t: TestContext): { release: Release; outside: string } {
  const release = plantRelease(t, FILES)
  return { release, outside: join(plantRelease(t, FILES).directory, 'release') }
}

/** Returns the verdict on each file, with its reason; `meanwhile` acts between plan and read. */
async function judge(release: Release, meanwhile?: () => void) {
  const { files } = await verify(release, {}, meanwhile)
  return files.map(({ path, status, reason }) => [path.join('/'), status, reason])
}

test('links that stay inside are followed', unlessWindows, async (t) => {
  const { release } = plantTwice(t)
  renameSync(placeOf(release, 'a'), placeOf(release, 'a-1'))
  symlinkSync('a-1', placeOf(release, 'a'))
  renameSync(placeOf(release, 'sub'), join(release.directory, 'sub-1'))
  symlinkSync('../sub-1', placeOf(release, 'sub'))
  assert.equal((await verify(release)).ok, true)
})

test('a directory that is a link outside is not followed', unlessWindows, async (t) => {
  const { release, outside } = plantTwice(t)
  rmSync(placeOf(release, 'sub'), { recursive: true })
  symlinkSync(join(outside, 'sub'), placeOf(release, 'sub'))
  assert.deepEqual(await judge(release), [
    ['a', 'ok', null],
    [
      'sub/b',
      'missing',
      'in its place is a link that leads outside; --follow-symlinks allows that',
    ],
  ])
})

test('links that lead nowhere, or to themselves, are no files', unlessWindows, async (t) => {
  const { release } = plantTwice(t)
  for (const path of ['a', 'sub/b']) rmSync(placeOf(release, path))
  symlinkSync('gone', placeOf(release, 'a'))
  symlinkSync('b', placeOf(release, 'sub/b'))
  assert.deepEqual(await judge(release), [
    ['a', 'missing', null],
    ['sub/b', 'missing', 'in its place is a link that leads to itself'],
  ])
})

test(
  'what is no regular file is told, and not opened',
  { ...unlessWindows, timeout: 20_000 },
  async (t) => {
    const { release } = plantTwice(t)
    for (const path of ['a', 'sub/b']) rmSync(placeOf(release, path))
    mkdirSync(placeOf(release, 'a'))
    // Opening a pipe would wait forever for a writer
    execFileSync('mkfifo', [placeOf(release, 'sub/b')])
    assert.deepEqual(await judge(release), [
      ['a', 'missing', 'in its place is a directory'],
      ['sub/b', 'missing', 'in its place is no regular file'],
    ])
  },
)

const IS_CHANGED = ['changed', 'changed while it was read']

for (const [what, changed, make] of [
  ['a link that takes the place of a file is not followed', 'a', symlinkSync],
  ['a link that takes the place of a directory is not followed', 'sub', symlinkSync],
  [
    'a pipe that takes the place of a file is not waited for',
    'a',
    (_outside: string, path: string) => execFileSync('mkfifo', [path]),
  ],
] as const) {
  test(`before it is read, ${what}`, { ...unlessWindows, timeout: 20_000 }, async (t) => {
    const { release, outside } = plantTwice(t)
    const swap = () => {
      rmSync(placeOf(release, changed), { recursive: true })
      make(join(outside, changed), placeOf(release, changed))
    }
    const expected = ['a', 'sub/b'].map((path) => {
      return path.startsWith(changed) ? [path, ...IS_CHANGED] : [path, 'ok', null]
    })
    assert.deepEqual(await judge(release, swap), expected)
  })
}

test(
  'another file is told in the place of one, also if its times are the same',
  unlessWindows,
  async (t) => {
    const { release, outside } = plantTwice(t)
    const path = placeOf(release, 'sub/b')
    utimesSync(path, 1, 1)
    utimesSync(join(outside, 'sub/b'), 1, 1)
    const swap = () => {
      renameSync(join(outside, 'sub/b'), path)
    }
    // Times of change cannot be set
    const { files, uncheckedPieces } = await verify(release, {}, swap, 'mtime')
    assert.deepEqual(
      [files.map(({ status, reason }) => [status, reason]), uncheckedPieces],
      [[['ok', null], IS_CHANGED], 1],
    )
  },
)

test('a torrent of a petabyte that is not there takes no time', { timeout: 20_000 }, async (t) => {
  const length = 2 ** 50
  const info = { length, name: 'a', 'piece length': 2 ** 40, pieces: digestsFor(1024 * 16384) }
  const directory = makeScratch(t)
  writeFileSync(join(directory, 'a'), 'little')
  const { files, uncheckedPieces } = await verify({ directory, torrent: torrentOf(info) })
  const said = [files[0]?.status, files[0]?.unchecked, uncheckedPieces]
  assert.deepEqual(said, ['short', [[0, length]], 1024])
})
