import assert from 'node:assert/strict'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { whenWhole, StallWatch } from '../../../src/core/download/follow.js'
import { chooseTarget, noteBegun, noteWhole } from '../../../src/core/download/target.js'
import type { ClientTorrent } from '../../../src/core/publish/client.js'
import { BtkitError } from '../../../src/base/errors.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import { FakeClient, fakeWaiting, fakeTorrent } from '../../support/fake-client.js'
import { makeScratch } from '../../support/scratch.js'
import { type PlainDict, singleFileInfo, torrentOf, directoryInfo } from '../../support/torrents.js'

const METAINFO = parseMetainfo(
  torrentOf(singleFileInfo(), { announce: 'http://tracker.example/announce' }),
)

const INFO_HASH = METAINFO.infoHash!
const STUCK = { name: 'a.txt', state: 'downloading', size: 5, bytesDone: 1 } as const

/** Follows a torrent that does as `changesAt` says after so many milliseconds. Returns its stalls. */
async function follow(changesAt: (now: number) => Partial<ClientTorrent>) {
  const notes: string[] = []
  const client = new FakeClient()
  const waiting = fakeWaiting()
  await whenWhole(client, METAINFO, {
    waiting: {
      ...waiting,
      sleep: async (ms) => {
        await waiting.sleep(ms)
        client.plant(INFO_HASH, { ...STUCK, ...changesAt(waiting.monotonic()) })
      },
    },
    onLook: (_, stall) => notes.push(...(stall?.isToTell ? [stall.note] : [])),
    advice: null,
    ...(client.plant(INFO_HASH, STUCK), {}),
  })
  return { notes, endedAt: waiting.monotonic() }
}

test('a byte now and then is enough', async () => {
  const bytesAt = (now: number) => ({ bytesDone: Math.min(5, 1 + Math.floor(now / 20_000)) })
  const changesAt = (now: number): Partial<ClientTorrent> => {
    const { bytesDone } = bytesAt(now)
    return { bytesDone, state: bytesDone === 5 ? 'seeding' : 'downloading' }
  }
  assert.deepEqual(await follow(changesAt), { notes: [], endedAt: 80_000 })
})

const FILE = parseMetainfo(torrentOf(singleFileInfo()))

test('the note of a download that has begun is taken away when it is whole', (t) => {
  const saveTo = makeScratch(t)
  const target = chooseTarget(FILE, { saveAs: null, saveTo })
  noteBegun(target)
  assert.ok(existsSync(`${target.path}.btkit-part`))
  noteWhole(target)
  assert.ok(!existsSync(`${target.path}.btkit-part`))
  // Taken away already, by whoever
  noteWhole(target)
})

test('a note that can not be taken away is an error that names it', (t) => {
  const saveTo = makeScratch(t)
  const target = chooseTarget(FILE, { saveAs: null, saveTo })
  mkdirSync(`${target.path}.btkit-part`)
  assert.throws(
    () => {
      noteWhole(target)
    },
    (error) => error instanceof BtkitError && error.message.includes('.btkit-part'),
  )
})

const DIRECTORY = parseMetainfo(
  torrentOf(
    directoryInfo([
      { length: 3, path: ['a'] },
      { length: 4, path: ['sub', 'b'] },
    ]),
  ),
)

test('without a name given, content goes under that of the torrent', (t) => {
  const saveTo = makeScratch(t)
  for (const metainfo of [FILE, DIRECTORY]) {
    const { path } = chooseTarget(metainfo, { saveAs: null, saveTo })
    assert.equal(path, join(saveTo, metainfo.name))
  }
})

test('a name given is that of the content, file or directory', (t) => {
  const saveTo = makeScratch(t)
  const saveAs = join(saveTo, 'other')
  const file = chooseTarget(FILE, { saveAs, saveTo })
  assert.deepEqual([file.path, file.metainfo.name], [saveAs, 'other'])
  // Later checks use the new name
  assert.deepEqual(file.metainfo.files[0]?.path, ['other'])
  const directory = chooseTarget(DIRECTORY, { saveAs, saveTo })
  assert.deepEqual([directory.path, directory.metainfo.name], [saveAs, 'other'])
  assert.deepEqual(directory.metainfo.files[1]?.path, ['sub', 'b'])
})

test('a file goes into a directory that is there', (t) => {
  const saveAs = makeScratch(t)
  assert.equal(chooseTarget(FILE, { saveAs, saveTo: '/' }).path, join(saveAs, 'a.txt'))
})

test('a directory goes into one that is there and has other things', (t) => {
  const saveAs = makeScratch(t, { 'of-others': 'x' })
  assert.equal(chooseTarget(DIRECTORY, { saveAs, saveTo: '/' }).path, join(saveAs, 'dir'))
})

test('an empty directory, or one with some of its files, is taken for the content', (t) => {
  const empty = makeScratch(t)
  assert.equal(chooseTarget(DIRECTORY, { saveAs: empty, saveTo: '/' }).path, empty)
  const begun = makeScratch(t, { 'sub/of-others': 'x', other: 'y' })
  assert.equal(chooseTarget(DIRECTORY, { saveAs: begun, saveTo: '/' }).path, begun)
})

test('a link is followed to where the content lies', (t) => {
  const root = makeScratch(t, { 'real/a': 'abc' })
  symlinkSync('real', join(root, 'link'))
  const { path } = chooseTarget(DIRECTORY, { saveAs: join(root, 'link'), saveTo: root })
  assert.equal(path, join(root, 'real'))
})

test('a torrent that would lead outside is refused', () => {
  const outside = directoryInfo([{ length: 3, path: ['..', 'a'] }])
  const metainfo = parseMetainfo(torrentOf(outside))
  assert.throws(() => chooseTarget(metainfo, { saveAs: null, saveTo: '/' }), {
    code: 'unsafe-path',
  })
})

const SECOND = 1000
const MINUTE = 60 * SECOND

/** Looks at torrents on a clock of its own. */
function watch() {
  let now = 5 * MINUTE
  const stalls = new StallWatch(() => now, { metainfo: METAINFO, advice: null })
  return (ms: number, changes: Partial<ClientTorrent> = {}) => {
    now += ms
    const downloading = { state: 'downloading', size: 100, bytesDone: 10 } as const
    return stalls.look(fakeTorrent({ ...downloading, ...changes }))
  }
}

test('a byte now and then ends a stall, and does not make for a word each time', () => {
  const look = watch()
  look(0)
  assert.equal(look(MINUTE)?.isToTell, true)
  assert.equal(look(SECOND, { bytesDone: 11 }), null)
  assert.equal(look(MINUTE, { bytesDone: 11 })?.isToTell, false)
})

for (const [what, changes] of [
  ['bytes of a piece that is not whole yet come', { downloadRate: 1 }],
  ['the client checks what is there', { state: 'checking' }],
  ['all is there', { bytesDone: 100 }],
] as const) {
  test(`it is no stall while ${what}`, () => {
    const look = watch()
    look(0, changes)
    assert.equal(look(MINUTE, changes), null)
    assert.equal(look(MINUTE, changes), null)
  })
}

test('a stall begins when something was last done, not when nothing was first seen to be', () => {
  const look = watch()
  look(0, { state: 'checking' })
  look(20 * SECOND)
  assert.equal(look(10 * SECOND - 1), null)
  assert.match(look(1)?.note ?? '', /: nothing has come for 30 seconds: /)
})

const torrentWith = (beside: PlainDict) => parseMetainfo(torrentOf(singleFileInfo(), beside))
const waiting = fakeTorrent({ name: 'a.txt', state: 'downloading', bytesDone: 1, size: 5 })

const HTTPS = 'https://mirror.example/a.txt'
const HTTP = 'http://mirror.example/a.txt'

for (const [beside, sources] of [
  [{}, 'the torrent names no tracker and no web seed'],
  [{ 'url-list': HTTP }, `the torrent names no tracker; nothing comes from its web seed ${HTTP}`],
  [
    { 'url-list': [HTTP, HTTPS] },
    `the torrent names no tracker; nothing comes from its web seed ${HTTP} (and 1 more)`,
  ],
  [
    { 'url-list': HTTPS },
    `the torrent names no tracker; nothing comes from its web seed ${HTTPS}, or the client refuses its certificate (--ca-cert)`,
  ],
] as const) {
  test(`a stall of a torrent without a tracker says: ${sources}`, () => {
    const metainfo = torrentWith(beside as PlainDict)
    let now = 0
    const stalls = new StallWatch(() => now, { metainfo, advice: null })
    stalls.look(waiting)
    now = 60_000
    assert.equal(stalls.look(waiting)?.reason, `no peer is connected; ${sources}`)
  })
}
