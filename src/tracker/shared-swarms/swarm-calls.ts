import type { RedisClient } from '../../redis/client.js'
import { isLoopback, isMappedV4 } from '../swarms/address-kinds.js'
import { MAX_ANSWER } from '../swarms/choose-peers.js'
import { flagsOf } from '../swarms/members.js'
import type {
  AnnounceAnswer,
  OutsideWish,
  PeerAnnounce,
  StoreLimits,
} from '../swarms/swarm-store.js'
import { SWARM_SCRIPT } from './swarm-script.js'

/** The script, by the name of the method that calls it. */
export const SWARM_SCRIPTS = { btkitSwarm: { lua: SWARM_SCRIPT, numberOfKeys: 5 } }

/** The result of a call. */
export interface SwarmReply {
  /** Null if the swarm does not exist. */
  readonly answer: AnnounceAnswer | null
  /** Whether it is the first call of a period, or the swarm is new. */
  readonly isFirst: boolean
}

/** A swarm in Redis that holds something else than this program writes. */
export class SwarmGarbage extends Error {}

/** Rules of the script's calls. */
export interface SwarmCallRules extends Pick<StoreLimits, 'peerTimeout' | 'keepsEmpty'> {
  /** Seconds; null for the clock of Redis, which all trackers share. */
  readonly now: (() => number) | null
  /** From 0 to 1. */
  readonly random: () => number
}

type Argument = string | number | Buffer
type SwarmScript = (...args: readonly Argument[]) => Promise<unknown>

const NOBODY = Buffer.alloc(0)
const NO_KEY = Buffer.alloc(4)

/** Prepares calls of the script. Bytes are copied, so that their owner may use them again. */
export class SwarmCalls {
  constructor(private readonly rules: SwarmCallRules) {}

  /** Records an announce that came `age` seconds ago. `isCounted`: its download was counted. */
  announce(announce: PeerAnnounce, age = 0, isCounted = false): Argument[] {
    const { infoHash, peerId, address, port, key, event, wanted, wantsIds } = announce
    const endpoint = Buffer.alloc(isMappedV4(address) ? 6 : 18)
    endpoint.set(address.subarray(18 - endpoint.length))
    endpoint.writeUInt16BE(port, endpoint.length - 2)
    const keyBytes = Buffer.alloc(4)
    keyBytes.writeUInt32BE(key >>> 0)
    const asks =
      (wantsIds ? 'i' : '') +
      (announce.wantsBothFamilies ? 'b' : '') +
      (isLoopback(address) ? 'l' : '')
    return [
      ...this.#beginning('announce', infoHash),
      endpoint,
      Buffer.from(peerId),
      keyBytes,
      event,
      flagsOf(announce) + (isCounted ? 8 : 0),
      Math.min(wanted, MAX_ANSWER),
      this.rules.random(),
      asks,
      age,
    ]
  }

  /** Looks at a swarm, and chooses peers for somebody who does not join it. */
  look({ infoHash, wanted, wantsIds, isLoopback }: OutsideWish): Argument[] {
    const asks = `b${wantsIds ? 'i' : ''}${isLoopback ? 'l' : ''}`
    const wish = [Math.min(wanted, MAX_ANSWER), this.rules.random(), asks]
    return [...this.#beginning('look', infoHash), NOBODY, NOBODY, NO_KEY, 'none', 0, ...wish, 0]
  }

  /** Raises the number of completed downloads to at least this one. */
  completed(infoHash: Uint8Array, count: number): Argument[] {
    const rest = [NOBODY, NOBODY, NO_KEY, 'none', count, 0, 0, '', 0]
    return [...this.#beginning('completed', infoHash), ...rest]
  }

  /** Removes a swarm, whatever is at its keys. */
  clear(infoHash: Uint8Array): Argument[] {
    return [...this.#beginning('clear', infoHash), NOBODY, NOBODY, NO_KEY, 'none', 0, 0, 0, '', 0]
  }

  #beginning(action: string, infoHash: Uint8Array): Argument[] {
    const { now, peerTimeout, keepsEmpty } = this.rules
    const name = keyOf(infoHash)
    const keys = [`${name}0`, `${name}1`, `${name}2`, `${name}3`, `${name}i`]
    return [...keys, action, now === null ? '' : now(), peerTimeout, keepsEmpty ? 1 : 0]
  }
}

/** The beginning of a swarm's keys. Strangers choose info hashes, which are therefore in hexadecimal. */
function keyOf(infoHash: Uint8Array): string {
  const { buffer, byteOffset, length } = infoHash
  return `btkit:swarm:{${Buffer.from(buffer, byteOffset, length).toString('hex')}}`
}

/**
 * Calls the script.
 * @throws SwarmGarbage if the keys hold something else
 * @throws errors of the client
 */
export async function callSwarm(
  client: RedisClient,
  args: readonly Argument[],
): Promise<SwarmReply> {
  const { btkitSwarmBuffer: call } = client as unknown as Record<string, SwarmScript>
  let reply: unknown
  try {
    reply = await call?.apply(client, [...args])
  } catch (error) {
    const isGarbage = error instanceof Error && /BTKIT garbage|WRONGTYPE/.test(error.message)
    throw isGarbage ? new SwarmGarbage(error.message) : error
  }
  return readReply(reply)
}

function readReply(reply: unknown): SwarmReply {
  if (!Array.isArray(reply)) throw new SwarmGarbage('not an array')
  if (reply.length === 0) return { answer: null, isFirst: false }
  const [complete, incomplete, partial, downloaded, peers4, peers6, ids4, ids6, isFirst] =
    reply as unknown[]
  const answer = {
    refusal: null,
    complete: Number(complete),
    incomplete: Number(incomplete),
    downloaders: Number(incomplete) - Number(partial),
    downloaded: Number(downloaded),
    peers4: bytesIn(peers4),
    peers6: bytesIn(peers6),
    ids4: bytesIn(ids4),
    ids6: bytesIn(ids6),
  }
  return { answer, isFirst: isFirst === 1 }
}

function bytesIn(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : NOBODY
}
