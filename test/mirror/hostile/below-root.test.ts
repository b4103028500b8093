import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { hashContent } from '../../../src/core/digests/hash-content.js'
import { BtkitError } from '../../../src/base/errors.js'
import type { ScannedFile } from '../../../src/disk/file-lists/scanned-file.js'
import { pieceLengthOf } from '../../../src/metainfo/piece-length.js'
import { singleContent } from '../../../src/core/digests/content.js'
import {
  type Look,
  lookBelow,
  lookBelowNow,
  lookPortably,
  type TreeRoot,
} from '../../../src/mirror/tree/below-root.js'
import { fileOf } from '../../../src/mirror/tree/mirror.js'
import {
  type FirstRead,
  openDirectory,
  type OpenedFile,
  openLater,
  openNow,
  readBeginning,
} from '../../../src/mirror/tree/open-looked.js'
import { hashContext } from '../../core/requests.js'
import { openFiles } from '../../support/when-open.js'
import { makeScratch, plantLinks } from '../../support/scratch.js'

const PATH = ['directory', 'file']
const unlessPosix = { skip: process.platform === 'win32' && 'no such files here' }

/** The ways to look, that of the addon first, where it is. */
const WAYS = {
  addon: lookBelow,
  'the addon without waiting': async (place: TreeRoot, path: string[], names: string[]) => {
    const known = await lookBelow(place, [])
    return lookBelowNow(place, path, names, known) ?? lookBelow(place, path, names)
  },
  'all systems': lookPortably,
} satisfies Record<string, (place: TreeRoot, path: string[], names: string[]) => Promise<Look>>
type Way = keyof typeof WAYS

/** A file that was looked at, with its mirror and the files beside it. */
async function lookedAt(t: TestContext, way: Way, followSymlinks = false) {
  const root = makeScratch(t, { 'directory/file': 'public' })
  const outside = makeScratch(t, { file: 'secret' })
  const mirror = { root, hidden: false, followSymlinks }
  const look = await WAYS[way](mirror, PATH, [])
  const file = fileOf(PATH, look)
  return { ...{ root, outside, mirror, look, file }, path: join(root, ...PATH) }
}

type LookedAt = Awaited<ReturnType<typeof lookedAt>>

/** The content as read by each way to open the file; null if it is not opened. */
async function readings({ mirror, look }: LookedAt): Promise<(string | null)[]> {
  const looked = { place: mirror, path: PATH.join('/'), look }
  const open = async (
    how: (first: FirstRead) => OpenedFile | null | Promise<OpenedFile | null>,
  ) => {
    const target = Buffer.alloc(6)
    const opened = await how({ target, offset: 0, isMore: false })
    return opened && target.toString('utf8', 0, opened.bytesRead)
  }
  return [
    (await readBeginning(look, 100))?.toString() ?? null,
    await open((first) => openLater({ ...looked, isFresh: false }, first)),
    await open((first) => openLater({ ...looked, isFresh: true }, first)),
    // Without the addon, nothing is known to be in memory
    ...(look.native ? [await open((first) => openNow(looked, first))] : []),
  ]
}

/** Hashes a file as the service does. */
function hash(file: ScannedFile) {
  const content = singleContent({ file, version: 'v1', pieceLength: pieceLengthOf(20) })
  return hashContent(content, { ...hashContext(), rules: { isGuarded: true } })
}

function isUnreadable(error: unknown): boolean {
  return error instanceof BtkitError && ['changed', 'not-found', 'io'].includes(error.code)
}

/** Makes sure that a file is neither sent nor hashed. */
async function checkRefused(looked: LookedAt): Promise<void> {
  const { file, root, outside } = looked
  const read = await readings(looked)
  assert.deepEqual(
    read,
    read.map(() => null),
  )
  await assert.rejects(hash(file), isUnreadable)
  const open = openFiles('self')
  assert.ok(!open.some((path) => path.startsWith(root) || path.startsWith(outside)), 'all closed')
}

/** Changes of a file after it was looked up. */
const CHANGES: Record<string, (looked: LookedAt) => unknown> = {
  'became a link to outside': ({ path, outside }) => {
    rmSync(path)
    symlinkSync(join(outside, 'file'), path)
  },
  'is in a directory that became a link to outside': ({ root, outside }) => {
    renameSync(join(root, 'directory'), join(root, 'moved'))
    symlinkSync(outside, join(root, 'directory'))
  },
  // Its real path was looked up
  'became a link within the root': ({ path, root }) => {
    renameSync(path, join(root, 'moved'))
    symlinkSync('../moved', path)
  },
  'became a link to itself': ({ path }) => {
    rmSync(path)
    symlinkSync('file', path)
  },
  'became a pipe, without waiting for it': ({ path }) => {
    rmSync(path)
    execFileSync('mkfifo', [path])
  },
  'became a directory': ({ path }) => {
    rmSync(path)
    mkdirSync(path)
  },
  'was removed': ({ path }) => {
    rmSync(path)
  },
}

for (const way of Object.keys(WAYS) as Way[]) {
  test(`by the way of ${way}, a file is opened that is unchanged since the look`, async (t) => {
    const looked = await lookedAt(t, way)
    const read = await readings(looked)
    assert.deepEqual(
      read,
      read.map(() => 'public'),
    )
    assert.equal((await hash(looked.file)).bytesHashed, 6)
  })

  for (const [what, change] of Object.entries(CHANGES)) {
    test(`by the way of ${way}, a file is refused that ${what}`, unlessPosix, async (t) => {
      const looked = await lookedAt(t, way)
      change(looked)
      await checkRefused(looked)
    })
  }

  test(`by the way of ${way}, a file is refused that became a socket`, unlessPosix, async (t) => {
    const looked = await lookedAt(t, way)
    rmSync(looked.path)
    const server = createServer()
    t.after(() => server.close())
    await new Promise<void>((resolve) => server.listen(looked.path, resolve))
    await checkRefused(looked)
  })

  test(`by the way of ${way}, a path is looked at within the root only`, unlessPosix, async (t) => {
    const { root, outside, mirror } = await lookedAt(t, way)
    symlinkSync(outside, join(root, 'out'))
    symlinkSync(join('..', basename(outside)), join(root, 'relative'))
    plantLinks(root, { absolute: join(root, 'directory'), back: 'directory/../directory' })
    symlinkSync('/proc/self/root', join(root, 'magic'))
    const look = (path: string) => WAYS[way](mirror, path.split('/'), [])
    for (const path of ['out', 'out/file', 'relative', 'relative/file', 'magic', 'magic/etc']) {
      await assert.rejects(look(path), { code: 'ENOENT' }, path)
    }
    for (const path of ['absolute/file', 'back/file']) {
      const { absolutePath, isLink } = await look(path)
      assert.deepEqual([absolutePath, isLink], [join(root, 'directory/file'), false])
    }
    const followed = await WAYS[way]({ ...mirror, followSymlinks: true }, ['out', 'file'], [])
    assert.equal(followed.absolutePath, join(outside, 'file'))
    assert.equal((await look('absolute')).isLink, true)
  })

  test(`by the way of ${way}, a look finds names beside the path`, async (t) => {
    const { mirror } = await lookedAt(t, way)
    const { taken, parent } = await WAYS[way](mirror, PATH, ['other', 'file', 'more'])
    assert.deepEqual(taken, ['file'])
    assert.deepEqual(parent, (await WAYS[way](mirror, ['directory'], [])).fingerprint)
  })

  test(`by the way of ${way}, a directory is read that was looked at`, unlessPosix, async (t) => {
    const { root, outside, mirror } = await lookedAt(t, way)
    const look = await WAYS[way](mirror, ['directory'], [])
    const opened = await openDirectory(look)
    renameSync(join(root, 'directory'), join(root, 'moved'))
    symlinkSync(outside, join(root, 'directory'))
    assert.equal(readFileSync(join(opened!.path, 'file'), 'utf8'), 'public')
    await opened!.close()
    assert.equal(await openDirectory(look), null)
  })
}

test('without waiting, nothing is found that is missing, a pipe or outside', async (t) => {
  const { root, outside, mirror, look } = await lookedAt(t, 'addon')
  const known = await lookBelow(mirror, [])
  const now = (...path: string[]) => lookBelowNow(mirror, path, [], known)
  symlinkSync(outside, join(root, 'out'))
  assert.deepEqual(
    [now('missing'), now('out', 'file'), now('..', basename(outside))],
    [null, null, null],
  )
  // On file systems that may wait, it never looks
  const found = now(...PATH)
  assert.deepEqual(found, known.waits === 0 ? null : look)
})

test('refuses a file that became a device, even if links are followed', unlessPosix, async (t) => {
  const looked = await lookedAt(t, 'addon', true)
  // The target of its path is opened, however the path is written
  const absolutePath = '/dev/zero'
  assert.equal(await readBeginning({ ...looked.look, absolutePath }, 10), null)
  await assert.rejects(hash({ ...looked.file, absolutePath }), isUnreadable)
})

test('does not hash a file that was replaced since it was looked up', async (t) => {
  const { file, path } = await lookedAt(t, 'addon')
  rmSync(path)
  writeFileSync(path, 'PUBLIC')
  await assert.rejects(hash(file), isUnreadable)
})

for (const way of Object.keys(WAYS) as Way[]) {
  test(`by the way of ${way}, a known file is not opened after its directory changed`, async (t) => {
    const { root, mirror, look } = await lookedAt(t, way)
    const first = { target: Buffer.alloc(6), offset: 0, isMore: false }
    const looked = { place: mirror, path: PATH.join('/'), look, isFresh: false }
    assert.equal((await openLater(looked, first))?.bytesRead, 6)
    writeFileSync(join(root, 'directory', 'file.torrent'), '')
    assert.equal(openNow(looked, first), null)
    assert.equal(await openLater(looked, first), null)
  })
  test(`by the way of ${way}, a known file is not opened where its name no longer leads`, async (t) => {
    const { root, outside, mirror } = await lookedAt(t, way)
    const first = { target: Buffer.alloc(6), offset: 0, isMore: false }
    mkdirSync(join(root, 'other'))
    writeFileSync(join(root, 'other/file'), 'OTHERS')
    plantLinks(root, { middle: 'directory', last: 'middle/file' })
    const known = async (path: string) => {
      const look = await WAYS[way](mirror, path.split('/'), [])
      return { place: mirror, path, look, isFresh: false }
    }
    const files = [await known('directory/file'), await known('middle/file'), await known('last')]
    const isOpened = () => Promise.all(files.map(async (each) => !!(await openLater(each, first))))
    assert.deepEqual(await isOpened(), [true, true, true])
    rmSync(join(root, 'middle'))
    symlinkSync('other', join(root, 'middle'))
    const before = await known('directory/file')
    assert.deepEqual((await isOpened()).slice(1), [false, false])
    // The directory and all below it stay as they are
    renameSync(join(root, 'directory'), join(outside, 'directory'))
    symlinkSync(join(outside, 'directory'), join(root, 'directory'))
    assert.equal(await openLater(before, first), null)
  })
}
