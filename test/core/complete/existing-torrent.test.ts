import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  digestTorrent,
  hasEdits,
  readExisting,
  recognize,
  refreshTorrent,
  valuesOf,
  type CompleteDigests,
  type ExistingTorrent,
} from '../../../src/core/complete/existing-torrent.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import type { TorrentDigests, TorrentRecord } from '../../../src/state/torrents/record.js'
import { makeScratch } from '../../support/scratch.js'
import { singleFileInfo, torrentOf, type PlainDict } from '../../support/torrents.js'

const OURS = { announce: 'http://t.example/', comment: 'ours', 'creation date': 1 }

function made(beside: PlainDict = OURS, info = singleFileInfo()): ExistingTorrent {
  const bytes = torrentOf(info, beside)
  const digest = createHash('sha256').update(bytes).digest()
  const metainfo = parseMetainfo(bytes)
  return { bytes, fingerprint: Buffer.of(), metainfo, digest }
}

function digestsOf({ bytes, metainfo }: ExistingTorrent): CompleteDigests {
  return digestTorrent(bytes, valuesOf(metainfo!))
}

function recordOf(written: TorrentDigests, replaced: TorrentDigests | null = null): TorrentRecord {
  return { source: '/srv/a', input: Buffer.of(), fingerprint: Buffer.of(), written, replaced }
}

/** As version 0.1 noted it. */
function oldDigests({ digest }: ExistingTorrent): TorrentDigests {
  return { file: digest, info: null, keys: null }
}

const otherInfo = () => singleFileInfo({ name: 'other' })
const EDITED = { ...OURS, comment: 'by hand' }
const COMMENTED = { ...OURS, comment: 'new' }

test('a torrent is known as it was written, and has no edits then', () => {
  const torrent = made()
  const origin = recognize(torrent, recordOf(digestsOf(torrent)))
  assert.deepEqual(origin, digestsOf(torrent))
  assert.ok(!hasEdits(torrent.metainfo!, origin.keys))
})

test('one that was edited beside its info is known, and its edits show', () => {
  const [ours, edited] = [made(), made(EDITED)]
  const origin = recognize(edited, recordOf(digestsOf(ours)))
  assert.deepEqual(origin?.keys, digestsOf(ours).keys)
  assert.ok(hasEdits(edited.metainfo!, origin.keys))
})

for (const [what, beside] of [
  ['added', { ...OURS, publisher: 'me' }],
  ['removed', { announce: OURS.announce }],
] as const) {
  test(`a value that was ${what} is an edit`, () => {
    assert.ok(hasEdits(made(beside).metainfo!, digestsOf(made()).keys))
  })
}

test('one whose info was edited is not known, nor is what is no torrent', () => {
  const record = recordOf(digestsOf(made()))
  assert.equal(recognize(made(OURS, otherInfo()), record), null)
  assert.equal(recognize({ ...made(), metainfo: null }, record), null)
})

test('whichever of two a kill left is known, and which of its values were edited', () => {
  const [before, after] = [made(EDITED), made(COMMENTED)]
  // Of the one before a value had been edited
  const replaced = { ...digestsOf(made()), file: before.digest }
  const record = recordOf(digestsOf(after), replaced)
  assert.deepEqual(recognize(after, record)?.keys, digestsOf(after).keys)
  const origin = recognize(before, record)
  assert.deepEqual(origin?.keys, digestsOf(made()).keys)
  assert.ok(hasEdits(before.metainfo!, origin.keys))
})

test('one of version 0.1 is known as long as nobody edited it', () => {
  const torrent = made()
  const origin = recognize(torrent, recordOf(oldDigests(torrent)))
  assert.deepEqual(origin, digestsOf(torrent))
  assert.equal(recognize(made(EDITED), recordOf(oldDigests(torrent))), null)
})

/** The torrent as written, as edited by somebody, as wanted now, and the result. */
const MERGES: Record<
  string,
  readonly [written: PlainDict, edited: PlainDict, wanted: PlainDict, result: PlainDict]
> = {
  'nothing edited follows what is wanted': [
    { a: 1, b: 1 },
    { a: 1, b: 1 },
    { a: 2, c: 2 },
    { a: 2, c: 2 },
  ],
  'what was edited stays': [
    { a: 1, b: 1 },
    { a: 3, b: 1 },
    { a: 2, b: 2 },
    { a: 3, b: 2 },
  ],
  'what was added stays': [{ a: 1 }, { a: 1, z: 3 }, { a: 2 }, { a: 2, z: 3 }],
  'what was removed stays away': [{ a: 1, b: 1 }, { a: 1 }, { a: 2, b: 2 }, { a: 2 }],
  'what was added stays, also when it is wanted otherwise': [{}, { a: 3 }, { a: 2 }, { a: 3 }],
  'a date that nobody edited goes along': [
    { a: 1, 'creation date': 1 },
    { a: 1, 'creation date': 1 },
    { a: 2, 'creation date': 9 },
    { a: 2, 'creation date': 9 },
  ],
  'a date alone is no reason': [
    { a: 1, 'creation date': 1 },
    { a: 1, 'creation date': 1 },
    { a: 1, 'creation date': 9 },
    { a: 1, 'creation date': 1 },
  ],
  'a date that was edited stays': [
    { a: 1, 'creation date': 1 },
    { a: 1, 'creation date': 5 },
    { a: 2, 'creation date': 9 },
    { a: 2, 'creation date': 5 },
  ],
}

const [OLD, NEW, BACKUP] = ['http://old.example/', 'http://new.example/', 'udp://backup.example:1/']

/** The announce lists as written, as edited by somebody, as wanted now, and the result. */
const MOVES: typeof MERGES = {
  'an announce that moves does so in a list that it got': [
    { announce: OLD },
    { announce: OLD, 'announce-list': [[OLD], [BACKUP]] },
    { announce: NEW },
    { announce: NEW, 'announce-list': [[NEW], [BACKUP]] },
  ],
  'it keeps its tier and its place there': [
    { announce: OLD },
    { announce: OLD, 'announce-list': [['udp://a.example:1'], [BACKUP, OLD, 'udp://b.example:1']] },
    { announce: NEW },
    { announce: NEW, 'announce-list': [['udp://a.example:1'], [BACKUP, NEW, 'udp://b.example:1']] },
  ],
  'it is listed once, also where it moves to one that is there': [
    { announce: OLD },
    { announce: OLD, 'announce-list': [[OLD], [BACKUP, NEW], [OLD]] },
    { announce: NEW },
    { announce: NEW, 'announce-list': [[BACKUP, NEW]] },
  ],
  'it moves also behind a tracker that somebody put first': [
    { announce: OLD },
    { announce: BACKUP, 'announce-list': [[BACKUP], [OLD]] },
    { announce: NEW },
    { announce: BACKUP, 'announce-list': [[BACKUP], [NEW]] },
  ],
  'it moves also where more than the list is ours': [
    { announce: OLD, 'announce-list': [[OLD, 'udp://a.example:1']] },
    { announce: OLD, 'announce-list': [[OLD], [BACKUP]] },
    { announce: NEW, 'announce-list': [[NEW], ['udp://c.example:1']] },
    { announce: NEW, 'announce-list': [[NEW], [BACKUP]] },
  ],
  'an announce that goes leaves the list as well': [
    { announce: OLD },
    { announce: OLD, 'announce-list': [[OLD], [BACKUP]] },
    {},
    { 'announce-list': [[BACKUP]] },
  ],
  'a list of which nothing else is left goes': [
    { announce: OLD },
    { announce: OLD, 'announce-list': [[OLD]] },
    {},
    {},
  ],
  'a list that somebody made without our announce stays': [
    { announce: OLD },
    { announce: OLD, 'announce-list': [[BACKUP]] },
    { announce: NEW },
    { announce: NEW, 'announce-list': [[BACKUP]] },
  ],
  'a list that nobody edited follows what is wanted': [
    { announce: OLD, 'announce-list': [[OLD], [BACKUP]] },
    { announce: OLD, 'announce-list': [[OLD], [BACKUP]] },
    { announce: NEW },
    { announce: NEW },
  ],
}

for (const [what, [written, edited, wanted, result]] of Object.entries({ ...MERGES, ...MOVES })) {
  test(what, () => {
    const values = { ...valuesOf(made(wanted).metainfo!), incidental: ['creation date'] }
    const { keys } = digestsOf(made(written))
    const bytes = refreshTorrent(made(edited).metainfo!, values, keys)
    assert.deepEqual(Buffer.from(bytes), Buffer.from(made(result).bytes))
  })
}

test('a refreshed torrent has the new info', () => {
  const wanted = { ...valuesOf(made(OURS, otherInfo()).metainfo!), incidental: [] }
  const bytes = refreshTorrent(made(EDITED).metainfo!, wanted, digestsOf(made()).keys)
  assert.deepEqual(Buffer.from(bytes), Buffer.from(made(EDITED, otherInfo()).bytes))
})

function missing(t: TestContext): string {
  return join(makeScratch(t), 'a.torrent')
}

test('what is no torrent is read as none', (t) => {
  const path = missing(t)
  writeFileSync(path, 'd4:infoe')
  assert.equal(readExisting(path)?.metainfo, null)
})

test('where nothing is there is no torrent', (t) => {
  assert.equal(readExisting(missing(t)), null)
})

test('a directory in its place is an error that names it', (t) => {
  const path = missing(t)
  mkdirSync(path)
  assert.throws(() => readExisting(path), { code: 'io' })
})

test('a broken link in its place is an error that names it', (t) => {
  const path = missing(t)
  symlinkSync('nowhere', path)
  assert.throws(() => readExisting(path), { code: 'not-found' })
})
