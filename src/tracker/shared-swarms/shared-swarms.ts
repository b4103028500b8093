import type { RedisAddress } from '../../redis/address.js'
import { RedisLink } from '../../redis/link.js'
import type { MemorySwarms } from '../swarms/memory-swarms.js'
import type {
  AnnounceAnswer,
  OutsideWish,
  PeerAnnounce,
  Soon,
  StoreTotals,
  SwarmCounts,
  SwarmPage,
  SwarmStore,
} from '../swarms/swarm-store.js'
import { bringIn, copyOf, MissedEvents } from './bring-in.js'
import {
  callSwarm,
  SWARM_SCRIPTS,
  SwarmGarbage,
  type SwarmCalls,
  type SwarmReply,
} from './swarm-calls.js'
import { LISTING_SCRIPTS, SwarmListing } from './swarm-listing.js'

export interface SharedSwarmsParts {
  readonly address: RedisAddress
  readonly calls: SwarmCalls
  /** The swarms that this tracker sees itself. Its limits hold, and it answers while Redis is gone. */
  readonly memory: MemorySwarms
  /** Seconds on a clock that is never set back. */
  readonly now: () => number
  readonly warn: (message: string) => void
}

/**
 * How a tracker stands to the others: `alone` while Redis is gone, `returning` while it brings in
 * what it saw meanwhile, `joined` when Redis answers for all.
 */
export type SharingState = 'alone' | 'returning' | 'joined'

/** Milliseconds between two attempts to reach a Redis that is gone. */
const ATTEMPT_INTERVAL = 1000

/** Bytes that give a call of `bringIn` half a second more: many calls go together. */
const BRING_IN_BYTES = 10_000_000

/** Swarms in Redis, shared by all trackers that use it. */
export class SharedSwarms implements SwarmStore {
  readonly #link: RedisLink
  readonly #listing: SwarmListing
  readonly #missed = new MissedEvents()
  #state: SharingState = 'alone'
  /** When this tracker was left alone; it has all of its peers to bring in at first. */
  #aloneSince = -Infinity
  /** Tells one run of Redis from the next, which may have lost everything. */
  #runId = ''
  #failures = 0
  #timer: NodeJS.Timeout | null = null
  #toldGarbage = false
  #isTold = false

  constructor(private readonly parts: SharedSwarmsParts) {
    const warn = (message: string) => {
      this.#isTold = true
      parts.warn(message)
    }
    const pauseMs = ATTEMPT_INTERVAL / 2
    const scripts = { ...SWARM_SCRIPTS, ...LISTING_SCRIPTS }
    this.#link = new RedisLink(parts.address, { scripts, pauseMs, warn })
    const listed = { link: this.#link, memory: parts.memory, now: parts.now }
    this.#listing = new SwarmListing(listed, (infoHash) => this.#look(infoHash))
  }

  get state(): SharingState {
    return this.#state
  }

  /** How often Redis was gone. */
  get failures(): number {
    return this.#failures
  }

  /** Joins the other trackers, now or, if Redis is gone, as soon as it is back. */
  async open(): Promise<void> {
    await this.#join()
    this.#timer = setInterval(() => {
      if (this.#state === 'alone') void this.#join()
      else if (this.#state === 'joined') void this.#check()
    }, ATTEMPT_INTERVAL).unref()
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#link.close()
  }

  announce(announce: PeerAnnounce): Soon<AnnounceAnswer> {
    const { memory, calls } = this.parts
    // While joined, memory only counts and remembers
    const isJoined = this.#state === 'joined'
    const own = memory.announce(isJoined ? { ...announce, wanted: 0 } : announce)
    if (own.refusal !== null) return own
    if (isJoined) return this.#announceThere(announce)
    if (this.#state === 'returning') void this.#send(announce.infoHash, calls.announce(announce))
    else this.#missed.note(announce)
    return own
  }

  async #announceThere(announce: PeerAnnounce): Promise<AnnounceAnswer> {
    const { calls, memory } = this.parts
    const args = calls.announce(announce)
    const kept = copyOf(announce)
    const reply = await this.#send(kept.infoHash, args)
    if (reply !== null) return reply.answer ?? NOBODY
    if (this.#state === 'alone') this.#missed.note(kept)
    return copied(memory.announce(kept))
  }

  choose(wish: OutsideWish): Soon<AnnounceAnswer> {
    const { memory } = this.parts
    return this.#state === 'joined' ? this.#chooseThere(wish) : memory.choose(wish)
  }

  async #chooseThere(wish: OutsideWish): Promise<AnnounceAnswer> {
    const kept = { ...wish, infoHash: Uint8Array.from(wish.infoHash) }
    const reply = await this.#send(kept.infoHash, this.parts.calls.look(kept))
    return reply === null ? copied(this.parts.memory.choose(kept)) : (reply.answer ?? NOBODY)
  }

  scrape(infoHash: Uint8Array): Soon<SwarmCounts | null> {
    if (this.#state !== 'joined') return this.parts.memory.scrape(infoHash)
    return this.#scrapeThere(Uint8Array.from(infoHash))
  }

  async #scrapeThere(infoHash: Uint8Array): Promise<SwarmCounts | null> {
    const reply = await this.#look(infoHash)
    if (reply === null) return this.parts.memory.scrape(infoHash)
    return reply.answer && countsIn(reply.answer)
  }

  list(from: number, limit: number): Soon<SwarmPage> {
    const { memory } = this.parts
    return this.#state === 'joined' ? this.#listing.list(from, limit) : memory.list(from, limit)
  }

  totals(): Soon<StoreTotals> {
    return this.#state === 'joined' ? this.#listing.totals() : this.parts.memory.totals()
  }

  #look(infoHash: Uint8Array): Promise<SwarmReply | null> {
    const wish = { infoHash, wanted: 0, wantsIds: false, isLoopback: false }
    return this.#send(infoHash, this.parts.calls.look(wish))
  }

  /** Calls the script. Null if Redis is gone, or has something else in place of the swarm. */
  async #send(
    infoHash: Uint8Array,
    args: ReturnType<SwarmCalls['announce']>,
    bytes = 0,
  ): Promise<SwarmReply | null> {
    const link = this.#link
    const id = Uint8Array.from(infoHash)
    const reply = await link.ask(
      async (client) => {
        try {
          return await callSwarm(client, args)
        } catch (error) {
          if (!(error instanceof SwarmGarbage)) throw error
          this.#tellGarbage(id)
          // Redis answers in order: the swarm is removed, and begins again with this announce
          await callSwarm(client, this.parts.calls.clear(id)).catch(ignoreGarbage)
          return callSwarm(client, args).catch(ignoreGarbage)
        }
      },
      { bytes },
    )
    if (reply === null && link.isGone()) this.#leave()
    if (reply?.isFirst === true) this.#listing.add(id)
    return reply
  }

  #tellGarbage(infoHash: Uint8Array): void {
    if (this.#toldGarbage) return
    this.#toldGarbage = true
    const key = `btkit:swarm:{${Buffer.from(infoHash).toString('hex')}}`
    const { label } = this.#link
    this.parts.warn(
      `${label}: ${key} holds something else than a swarm; it is removed, and filled again`,
    )
  }

  /** Finds out that Redis is gone, or started again and lost everything, though no client asks. */
  async #check(): Promise<void> {
    const runId = await this.#readRunId()
    if (runId === null ? this.#link.isGone() : runId !== this.#runId) this.#leave()
  }

  /** Names the present run of Redis; empty for a cluster, null if Redis is gone. */
  #readRunId(): Promise<string | null> {
    return this.#link.ask(async (client) => {
      return client.isCluster ? '' : (/run_id:(\w+)/.exec(await client.info('server'))?.[1] ?? '')
    })
  }

  #leave(): void {
    if (this.#state === 'alone') return
    this.#failures += 1
    if (this.#state === 'joined') this.#aloneSince = this.parts.now()
    this.#state = 'alone'
  }

  /** Brings in what this tracker saw alone, and then lets Redis answer. */
  async #join(): Promise<void> {
    const { memory, calls, now } = this.parts
    const runId = await this.#readRunId()
    if (runId === null || this.#state !== 'alone') return
    const send = async (infoHash: Uint8Array, args: ReturnType<SwarmCalls['announce']>) => {
      return (await this.#send(infoHash, args, BRING_IN_BYTES)) !== null
    }
    if (!(await this.#missed.drain((each) => send(each.infoHash, calls.announce(each))))) return
    // From here on announces go to Redis, too. No await may come between this and the last event.
    this.#state = 'returning'
    const isSameRun = runId !== '' && runId === this.#runId
    // A Redis that started again may have lost everything
    const since = isSameRun ? now() - this.#aloneSince : Infinity
    if (!(await bringIn(memory, { since, calls, send }))) {
      this.#leave()
      return
    }
    if ((this.#state as SharingState) !== 'returning') return
    this.#state = 'joined'
    this.#runId = runId
    if (this.#isTold) this.parts.warn(`${this.#link.label}: swarms are shared again`)
    this.#isTold = false
  }
}

function ignoreGarbage(error: unknown): null {
  if (error instanceof SwarmGarbage) return null
  throw error
}

const NOTHING = new Uint8Array(0)

/** The answer about a swarm that does not exist, for example after its last peer stopped. */
const NOBODY: AnnounceAnswer = {
  refusal: null,
  complete: 0,
  incomplete: 0,
  downloaders: 0,
  downloaded: 0,
  peers4: NOTHING,
  peers6: NOTHING,
  ids4: NOTHING,
  ids6: NOTHING,
}

/** The counts of an answer, without its peers. */
export function countsIn(answer: SwarmCounts): SwarmCounts {
  const { complete, incomplete, downloaders, downloaded } = answer
  return { complete, incomplete, downloaders, downloaded }
}

/** Memory's answers are valid only until the next announce. */
function copied(answer: AnnounceAnswer): AnnounceAnswer {
  const { peers4, peers6, ids4, ids6 } = answer
  return {
    ...answer,
    peers4: Buffer.from(peers4),
    peers6: Buffer.from(peers6),
    ids4: Buffer.from(ids4),
    ids6: Buffer.from(ids6),
  }
}
