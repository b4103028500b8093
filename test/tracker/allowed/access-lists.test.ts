import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type AllowedSettings, openAccessLists } from '../../../src/tracker/allowed/access-lists.js'
import { TrackerAnswers } from '../../../src/tracker/answers/tracker-answers.js'
import { makeRules } from '../../../src/tracker/answers/tracker-rules.js'
import { TrackerRefusal } from '../../../src/tracker/answers/refusal.js'
import { makeScratch } from '../../support/scratch.js'
import { torrentNamed } from '../pages/overview/site.js'
import { announceOf, makeStore } from '../swarms/store.js'

const [known, fresh, banned] = [
  torrentNamed('known'),
  torrentNamed('fresh'),
  torrentNamed('banned'),
]
const LISTED = 'ab'.repeat(20)

const bytesOf = (hash: string) => Buffer.from(hash, 'hex')

/** A tracker whose directory is read still, and that had peers of `known` and `banned` before. */
async function startingTracker(t: TestContext, change: Partial<AllowedSettings> = {}) {
  const files = { 'known.torrent': known.bytes, 'fresh.torrent': fresh.bytes }
  const directory = makeScratch(t, { ...files, 'banned.torrent': banned.bytes })
  const lists = makeScratch(t, { list: LISTED, banned: banned.hash })
  const { store } = makeStore()
  for (const { hash } of [known, banned]) store.announce(announceOf({ infoHash: bytesOf(hash) }))
  const settings: AllowedSettings = {
    directories: [directory],
    archives: [],
    listFile: join(lists, 'list'),
    isFed: false,
    controls: false,
    allowedAddresses: null,
    bannedAddresses: null,
    bannedTorrents: join(lists, 'banned'),
    interval: 60_000,
    ...change,
  }
  const onError = (error: unknown) => {
    throw error
  }
  const world = { warn: String, onError, onAddresses: () => Promise.resolve() }
  const admitted = await openAccessLists(settings, world)
  t.after(admitted.close)
  const bounds = { interval: 1800, minInterval: 300, responseSize: 50, maxGive: 200 }
  const rules = makeRules(
    { ...bounds, believes: 'local', allowsFullForm: true, scrape: 'full' },
    admitted,
    store,
  )
  const answers = new TrackerAnswers(store, rules)
  const from = { client: '10.0.0.2', isOwn: true, address: null }
  const form = { wantsIds: false, wantsBothFamilies: true, maxPeers: 50 }
  const announce = (hash: string) => {
    const peer = announceOf({ infoHash: bytesOf(hash), peer: 'other' })
    return answers.announce({ ...peer, claimed: null }, from, form).answer
  }
  return { store, admitted, answers, announce }
}

const refusalOf = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    assert(error instanceof TrackerRefusal)
    return [error.message, error.retryIn]
  }
  return null
}

const SOON = ['this tracker has just started: ask again soon', 1]
const UNKNOWN = ['Requested download is not authorized for use with this tracker.', null]

test('while its directories are read, a tracker answers for the torrents of its state and its list', async (t) => {
  const { admitted, announce } = await startingTracker(t)
  assert.equal(announce(known.hash).peers4.length, 6)
  assert.equal(
    refusalOf(() => announce(LISTED)),
    null,
  )
  assert.deepEqual(
    refusalOf(() => announce(banned.hash)),
    ['This torrent is banned from this tracker.', null],
  )
  assert.deepEqual(
    refusalOf(() => announce(fresh.hash)),
    SOON,
  )
  await admitted.torrents.started()
  assert.equal(
    refusalOf(() => announce(fresh.hash)),
    null,
  )
  assert.deepEqual(
    refusalOf(() => announce('cd'.repeat(20))),
    UNKNOWN,
  )
})

test('a scrape that would lack torrents is refused until all are read', async (t) => {
  const { admitted, answers } = await startingTracker(t)
  const scrape = (...hashes: string[]) => answers.scrape(hashes.map(bytesOf), null)
  assert.equal(scrape(known.hash)[0]?.incomplete, 1)
  assert.deepEqual(
    refusalOf(() => scrape(known.hash, fresh.hash)),
    SOON,
  )
  assert.deepEqual(
    refusalOf(() => scrape()),
    SOON,
  )
  await admitted.torrents.started()
  assert.deepEqual(
    scrape(known.hash, fresh.hash).map((counts) => counts?.incomplete),
    [1, 0],
  )
  assert.equal(
    refusalOf(() => scrape()),
    null,
  )
})
