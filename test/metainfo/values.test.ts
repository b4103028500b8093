import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkTracker, parseTrackers, tiersOf } from '../../src/metainfo/trackers.js'
import { automaticPieceLength, isPieceLength } from '../../src/metainfo/piece-length.js'
import { parseMetainfo } from '../../src/metainfo/parse/metainfo.js'
import { readInfoHash } from '../../src/metainfo/info-hash.js'
import { infoHashesOf } from '../../src/metainfo/metainfo.js'
import type { InfoHash, PieceLength, TrackerUrl } from '../../src/metainfo/values.js'
import { singleFileInfo, torrentOf } from '../support/torrents.js'

// The compiler checks these tests: without an error below a directive, the build fails

test('a text is a tracker only after its check', () => {
  const text: string = 'http://t.example/announce'
  const checked: TrackerUrl = checkTracker(text)
  const tiers: TrackerUrl[][] = [...parseTrackers(text), ...tiersOf(text)]
  // @ts-expect-error: nobody checked this text
  const unchecked: TrackerUrl = text
  assert.deepEqual([checked, ...tiers.flat()], [unchecked, unchecked, unchecked])
})

test('a number is a piece length if it is checked, suits a size, or stands in a torrent', () => {
  const number: number = 2 ** 15
  const checked: PieceLength | null = isPieceLength(number) ? number : null
  const read = parseMetainfo(torrentOf(singleFileInfo({ 'piece length': 30_000 })))
  const lengths: PieceLength[] = [automaticPieceLength(number), read.pieceLength]
  // @ts-expect-error: the size of a file may be no piece length
  const unchecked: PieceLength = number
  assert.deepEqual([checked, ...lengths], [unchecked, unchecked, 30_000])
  assert.ok(!isPieceLength(15) && !isPieceLength(30_000) && !isPieceLength(2 ** 31))
})

test('a text is an info hash only where it was read, and that of version 2 only once it is cut', () => {
  const text: string = 'ab'.repeat(20)
  const { infoHash, infoHashV2 } = infoHashesOf(Buffer.from('de'), 'hybrid')
  const hashes: (InfoHash | null)[] = [readInfoHash(text), infoHash]
  // @ts-expect-error: nobody read this text
  const unread: InfoHash = text
  // @ts-expect-error: no peer knows a torrent by 64 digits
  const whole: InfoHash | null = infoHashV2
  assert.deepEqual([hashes[0], whole?.length], [unread, 64])
})
