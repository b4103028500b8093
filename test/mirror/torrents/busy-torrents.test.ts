import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusyTorrents } from '../../../src/mirror/torrents/busy-torrents.js'

const HOUR = 3_600_000

/** A torrent whose name is also its info hash. */
function torrent(name: string) {
  const infoHashes = { v1: name, v2: null }
  return { infoHash: name, infoHashes, title: { name, path: [name], files: 1, size: 1 } }
}

function namesAndCounts(busy: BusyTorrents, count = 3) {
  return busy.top(count).map(({ torrent, requests }) => [torrent.infoHash, requests])
}

test('the most requested torrents come first', () => {
  const busy = new BusyTorrents(() => 0)
  for (const name of 'abcbcbd') busy.note(torrent(name))
  assert.deepEqual(namesAndCounts(busy, 2), [
    ['b', 3],
    ['c', 2],
  ])
})

test('a busy torrent is not lost among very many that are requested once', () => {
  const busy = new BusyTorrents(() => 0)
  for (let i = 0; i < 100_000; i++) {
    busy.note(torrent(`other ${i}`))
    if (i % 10 === 0) busy.note(torrent('busy'))
  }
  const [first] = busy.top(1)
  assert.equal(first?.torrent.infoHash, 'busy')
  assert.ok(first.requests >= 10_000)
  assert.equal(busy.top(1_000_000).length, 256)
})

test('requests from hours ago do not count', () => {
  let now = 0
  const busy = new BusyTorrents(() => now)
  busy.note(torrent('a'))
  now = HOUR
  busy.note(torrent('b'))
  assert.deepEqual(namesAndCounts(busy), [
    ['b', 1],
    ['a', 1],
  ])
  assert.equal(busy.since, 0)
  now = 2 * HOUR
  busy.note(torrent('c'))
  assert.deepEqual(namesAndCounts(busy), [
    ['c', 1],
    ['b', 1],
  ])
  assert.equal(busy.since, HOUR)
  now = 9 * HOUR
  assert.deepEqual(namesAndCounts(busy), [])
  assert.equal(busy.since, 9 * HOUR)
})

test('both hours count together', () => {
  let now = 0
  const busy = new BusyTorrents(() => now)
  busy.note(torrent('a'))
  now = HOUR
  for (const name of 'aba') busy.note(torrent(name))
  assert.deepEqual(namesAndCounts(busy), [
    ['a', 3],
    ['b', 1],
  ])
})
