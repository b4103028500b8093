import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stallReason, StallWatch } from '../../../src/core/download/download.js'
import { parseMetainfo } from '../../../src/metainfo/parse/metainfo.js'
import type { ClientTorrent } from '../../../src/core/publish/client.js'
import { fakeTorrent } from '../../support/fake-client.js'
import { singleFileInfo, torrentOf, type PlainDict } from '../../support/torrents.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const STALL = 30 * SECOND

/** Looks at torrents on a clock of its own. */
function watch() {
  let now = 5 * MINUTE
  const stalls = new StallWatch(() => now)
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
  assert.equal(look(1)?.forMs, STALL)
})

const torrentWith = (beside: PlainDict) => parseMetainfo(torrentOf(singleFileInfo(), beside))
const waiting = fakeTorrent({ name: 'a.txt', state: 'downloading' })

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
    assert.equal(
      stallReason(waiting, torrentWith(beside as PlainDict)),
      `no peer is connected; ${sources}`,
    )
  })
}
