import type { RedisClient } from '../../redis/client.js'
import type { RedisLink } from '../../redis/link.js'
import { answerOrRemove } from '../../redis/wrong-type.js'
import type { MemorySwarms } from '../swarms/memory-swarms.js'
import type { StoreTotals, SwarmPage, SwarmSummary } from '../swarms/swarm-store.js'
import type { SwarmReply } from './swarm-calls.js'

/** The set of all info hashes that have a swarm. */
export const SWARM_INDEX = 'btkit:swarms'

/** Milliseconds for which a listing is used again. */
const MAX_AGE = 10_000

/** Milliseconds for which totals are used again: a metrics server asks for them all the time. */
const TOTALS_AGE = 60_000

/** Info hashes that are asked for at once. */
const STEP = 500

/** The most steps of a listing: strangers may have written as many hashes without swarms. */
const MAX_STEPS = 10_000

/** Returns a part of the set. Removes what is no info hash: a stranger may have written gigabytes. */
const SCAN_INDEX = `
local found = redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local hashes = {}
for _, member in ipairs(found[2]) do
  if #member == 20 then hashes[#hashes + 1] = member
  else redis.pcall('SREM', KEYS[1], member) end
end
return { found[1], hashes }
`

/** The script of a listing, by the name of the method that calls it. */
export const LISTING_SCRIPTS = { btkitScanSwarms: { lua: SCAN_INDEX, numberOfKeys: 1 } }

type ScanScript = (key: string, cursor: string, count: number) => Promise<unknown>

/** The most swarms in a listing. */
const MAX_SWARMS = 1_000_000

export interface SwarmListingParts {
  readonly link: RedisLink
  /** Answers while Redis is gone. */
  readonly memory: MemorySwarms
  /** Seconds on a clock that is never set back. */
  readonly now: () => number
}

/** Lists the swarms of all trackers. Each is looked at, which also removes its expired peers. */
export class SwarmListing {
  #taken: { readonly swarms: Promise<readonly SwarmSummary[]>; readonly at: number } | null = null

  constructor(
    private readonly parts: SwarmListingParts,
    private readonly look: (infoHash: Uint8Array) => Promise<SwarmReply | null>,
  ) {}

  /** Puts a swarm into the set, or back into it. */
  add(infoHash: Uint8Array): void {
    void this.parts.link.ask((client) => {
      return answerOrRemove(client, SWARM_INDEX, client.sadd(SWARM_INDEX, Buffer.from(infoHash)))
    })
  }

  async list(from: number, limit: number): Promise<SwarmPage> {
    const swarms = await this.#fresh(from === 0 ? MAX_AGE : Infinity)
    const end = from + limit
    return { swarms: swarms.slice(from, end), next: end < swarms.length ? end : null }
  }

  async totals(): Promise<StoreTotals> {
    const swarms = await this.#fresh(TOTALS_AGE)
    const seeds = swarms.reduce((sum, { complete }) => sum + complete, 0)
    const others = swarms.reduce((sum, { incomplete }) => sum + incomplete, 0)
    return { swarms: swarms.length, peers: seeds + others, seeds }
  }

  #fresh(maxAge: number): Promise<readonly SwarmSummary[]> {
    const at = 1000 * this.parts.now()
    if (this.#taken === null || at - this.#taken.at > maxAge) {
      this.#taken = { swarms: this.#take(), at }
    }
    return this.#taken.swarms
  }

  async #take(): Promise<readonly SwarmSummary[]> {
    const { link } = this.parts
    // A scan may give one member twice
    const swarms = new Map<string, SwarmSummary>()
    let cursor = '0'
    for (let step = 0; step < MAX_STEPS && swarms.size < MAX_SWARMS; step += 1) {
      const from = cursor
      const scan = await link.ask((client) => scanIndex(client, from))
      if (scan === null) return this.#own()
      await Promise.all(scan.infoHashes.map((infoHash) => this.#put(infoHash, swarms)))
      cursor = scan.next
      if (cursor === '0') break
    }
    return [...swarms.values()]
  }

  async #put(infoHash: Buffer, swarms: Map<string, SwarmSummary>): Promise<void> {
    const reply = await this.look(infoHash)
    if (reply === null) return
    if (reply.answer === null) {
      await this.parts.link.ask((client) => client.srem(SWARM_INDEX, infoHash))
      return
    }
    const { complete, incomplete, downloaders, downloaded } = reply.answer
    const summary = { infoHash, complete, incomplete, downloaders, downloaded }
    swarms.set(infoHash.toString('latin1'), summary)
  }

  #own(): readonly SwarmSummary[] {
    return this.parts.memory.list(0, Number.MAX_SAFE_INTEGER).swarms
  }
}

/** Returns some info hashes of the set, and where the next ones begin. */
async function scanIndex(
  client: RedisClient,
  from: string,
): Promise<{ readonly next: string; readonly infoHashes: readonly Buffer[] }> {
  const { btkitScanSwarmsBuffer } = client as unknown as Record<string, ScanScript | undefined>
  const scan = btkitScanSwarmsBuffer?.call(client, SWARM_INDEX, from, STEP)
  // Trackers put swarms into the set again
  const reply = await answerOrRemove(client, SWARM_INDEX, Promise.resolve(scan))
  const [next, found] = Array.isArray(reply) ? (reply as unknown[]) : []
  const isEnd = !(next instanceof Uint8Array) || !Array.isArray(found)
  return isEnd
    ? { next: '0', infoHashes: [] }
    : { next: Buffer.from(next).toString(), infoHashes: found as Buffer[] }
}
