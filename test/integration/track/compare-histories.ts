// Sends the same histories to opentracker and to btkit. Intended differences:
// - opentracker gives a client itself, and seeds to seeds, not only to those that begin: these are
//   removed from its answers
// - Debian's version speaks only IPv4: btkit gets its IPv4 requests over IPv6 as well
// - it counts time in whole minutes: in steps of seven nothing is ever exactly 45 minutes old
// - it forgets torrents after a day without peers: no torrent of these histories rests so long
// - it knows peers by address and port, never by key: no peer of these histories moves
// - it has no partial seeds, no dictionaries of peers and no external address
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { unlessInstalled } from '../../support/peers.js'
import { randomNumbers } from '../../support/pseudo-random.js'
import { mixHistories, STARTED, STOPPED, type Step } from './histories.js'
import {
  announce,
  Participants,
  placeOf,
  openOpentracker,
  openOwn,
  scrape,
  type Answer,
} from './udp-trackers.js'

const HOSTS = 30
const TORRENTS = Array.from({ length: 60 }, (_, n) => `torrent ${n}`)

/** Seconds; opentracker's can't be chosen. */
const PEER_TIMEOUT = 45 * 60
const TIME_STEP = 7 * 60

/** How many steps of time pass at once: mostly few, and now and then nearly all peers time out. */
const STEPS_AT_ONCE = [0, 1, 1, 1, 2, 2, 3, 7]

/** Announces between two times at which time passes. */
const ANNOUNCES_AT_ONCE = 250

export const unlessComparable = {
  skip: unlessInstalled('opentracker').skip || unlessInstalled('cc').skip,
}

/** How long a comparison may take, in milliseconds. */
export const TEST_TIMEOUT = 580_000

/** Asserts that both answer alike, and have the same counts whenever time has passed. */
export async function compareHistories(
  t: TestContext,
  { count, seed }: { count: number; seed: number },
): Promise<void> {
  const wish = { torrents: TORRENTS, hosts: HOSTS, timeout: TEST_TIMEOUT }
  const { tracker: theirs, advance: advanceTheirs } = await openOpentracker(t, wish)
  if (advanceTheirs === null) {
    t.skip('this opentracker takes up the time in another way')
    return
  }
  const own = openOwn({ peerTimeout: PEER_TIMEOUT })
  const participants = new Participants(PEER_TIMEOUT)
  const random = randomNumbers(seed)
  let announces = 0
  const send = async (step: Step) => {
    announces += 1
    participants.note(step)
    const wanted = wantedOf(await announce(theirs, step), step, participants)
    const message = `${announces} ${JSON.stringify(step)}`
    for (const tracker of own.trackers) {
      assert.deepEqual(await announce(tracker, step), wanted, message)
    }
  }
  const passTime = async (seconds: number) => {
    participants.advance(seconds)
    await advanceTheirs(seconds)
    own.advance(seconds)
    // This also has opentracker look what has timed out, as it does each two minutes
    const wanted = await scrape(theirs, TORRENTS)
    for (const tracker of own.trackers) {
      assert.deepEqual(await scrape(tracker, TORRENTS), wanted, `scraped after ${announces}`)
    }
  }
  for (const step of mixHistories({ count, torrents: TORRENTS, hosts: HOSTS, random })) {
    await send(step)
    if (announces % ANNOUNCES_AT_ONCE !== 0) continue
    await passTime(TIME_STEP * STEPS_AT_ONCE[random() % STEPS_AT_ONCE.length]!)
  }
  // The last ones time out as well
  for (let passed = 0; passed <= PEER_TIMEOUT; passed += TIME_STEP) await passTime(TIME_STEP)
  for (const [at, number] of (await scrape(theirs, TORRENTS)).entries()) {
    if (at % 3 !== 1) assert.equal(number, 0)
  }
  assert.ok(announces > 4 * count)
  assert.ok(participants.timedOut > count / 2)
  assert.ok(participants.returned > count / 10)
}

/** The answer that opentracker would give with btkit's rules. */
function wantedOf(told: Answer, step: Step, participants: Participants): Answer {
  const takesSeeds = !step.isSeed || step.event === STOPPED || step.event === STARTED
  const isWanted = (peer: string) =>
    peer !== placeOf(step) && (takesSeeds || !participants.isSeed(step.torrent, peer))
  return { ...told, peers: told.peers.filter(isWanted) }
}
