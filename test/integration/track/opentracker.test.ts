// Sends the same histories to opentracker and to btkit. Where the two differ on purpose:
// - opentracker gives a client itself, and seeds to seeds: these are taken out of its answers
// - Debian's speaks IPv4 alone: what it gets over IPv4, btkit gets over IPv6 as well
// - its peers time out after 45 minutes, and its clock can't be set: it is told that they stopped
// - it knows peers by address and port, never by key: no peer of these histories moves
// - it has no partial seeds, no dictionaries of peers and no external address
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomNumbers } from '../../../src/tracker/swarms/random-numbers.js'
import { unlessInstalled } from '../../support/peers.js'
import { pseudoRandom } from '../../support/pseudo-random.js'
import { mixHistories, STOPPED, type Step } from './histories.js'
import { announce, openOpentracker, openOwn, scrape, type Answer } from './udp-trackers.js'

const HISTORIES = 10_000
const HOSTS = 30
const TORRENTS = Array.from({ length: 120 }, (_, n) => `torrent ${n}`)
const TIMEOUT = 2700

/** Announces between two times at which those that are lost time out. */
const EPOCH = 8000

/** Who takes part as far as the test knows. */
class Participants {
  /** The last step of each, by torrent, host and port. */
  readonly steps = new Map<string, Step>()
  readonly #seeds = new Map<string, Set<string>>()

  note(step: Step): void {
    const seeds = this.seedsOf(step.torrent)
    if (step.isSeed && step.event !== STOPPED) seeds.add(placeOf(step))
    else seeds.delete(placeOf(step))
    const key = `${step.torrent} ${placeOf(step)}`
    if (step.event === STOPPED) this.steps.delete(key)
    else this.steps.set(key, step)
  }

  seedsOf(torrent: string): Set<string> {
    const known = this.#seeds.get(torrent) ?? new Set()
    this.#seeds.set(torrent, known)
    return known
  }
}

function placeOf({ host, port }: Pick<Step, 'host' | 'port'>): string {
  return `${host}:${port}`
}

/** What opentracker would have said if it were as choosy as btkit. */
function wantedOf(told: Answer, step: Step, seeds: Set<string>): Answer {
  const isWanted = (peer: string) =>
    peer !== placeOf(step) && !(step.isSeed && step.event !== STOPPED && seeds.has(peer))
  return { ...told, peers: told.peers.filter(isWanted) }
}

const { skip } = unlessInstalled('opentracker')

test(
  'random histories give the counts, peers and scrapes of opentracker',
  { skip, timeout: 280_000 },
  async (t) => {
    const theirs = await openOpentracker(t, { torrents: TORRENTS, hosts: HOSTS })
    const own = openOwn({ peerTimeout: TIMEOUT })
    const participants = new Participants()
    let announces = 0
    let timedOut = 0
    const send = async (step: Step) => {
      announces += 1
      participants.note(step)
      const wanted = wantedOf(
        await announce(theirs, step),
        step,
        participants.seedsOf(step.torrent),
      )
      for (const tracker of own.trackers) {
        assert.deepEqual(
          await announce(tracker, step),
          wanted,
          `${announces} ${JSON.stringify(step)}`,
        )
      }
    }
    /** All but those that are lost say that they are there; time passes. */
    const passTime = async (lost: ReadonlySet<string>) => {
      own.clock.now += TIMEOUT
      for (const [key, step] of [...participants.steps]) {
        if (!lost.has(key)) await send({ ...step, event: 0 })
      }
      own.clock.now += 1
      own.expire()
      for (const key of lost) {
        const step = participants.steps.get(key)
        if (step === undefined) continue
        timedOut += 1
        participants.note({ ...step, event: STOPPED })
        await announce(theirs, { ...step, event: STOPPED })
      }
      for (const tracker of own.trackers) {
        assert.deepEqual(await scrape(tracker, TORRENTS), await scrape(theirs, TORRENTS))
      }
    }
    const lost = new Set<string>()
    const random = randomNumbers(pseudoRandom(16, 5))
    let epoch = EPOCH
    for (const step of mixHistories({
      count: HISTORIES,
      torrents: TORRENTS,
      hosts: HOSTS,
      random,
    })) {
      if (step.event === 'lost') lost.add(`${step.torrent} ${placeOf(step)}`)
      else await send(step)
      if (announces < epoch) continue
      await passTime(lost)
      lost.clear()
      epoch = announces + EPOCH
    }
    await passTime(lost)
    assert.ok(announces > 4 * HISTORIES)
    assert.ok(timedOut > HISTORIES / 10)
  },
)
