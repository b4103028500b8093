import { callWithin } from '../../bounded-call.js'
import {
  MAX_TRACKER_ANSWER,
  readTrackerAnswer,
  type ForeignAnswer,
} from '../protocol/tracker-answer.js'
import { proveCall } from '../protocol/tracker-proof.js'

/** Milliseconds within which a tracker must answer. */
const TIMEOUT = 10_000

/** A request for peers to another tracker. */
export interface TrackerQuestion {
  /** The announce URL. */
  readonly url: string
  /** 20 bytes. */
  readonly infoHash: Uint8Array
  /** The peer id of the asking tracker, 20 bytes. */
  readonly ownId: Uint8Array
  readonly maxPeers: number
  /** The shared key with which both sides authenticate; null if they need not. */
  readonly key: Uint8Array | null
  /** Seconds since 1970. */
  readonly now: number
}

/** Asks a tracker for the peers of a torrent. Any error gives the answer `failed`. */
export async function askTracker(
  question: TrackerQuestion,
  signal: AbortSignal,
  timeoutMs = TIMEOUT,
): Promise<ForeignAnswer> {
  const { url, key, infoHash, ownId, now } = question
  const { host } = new URL(url)
  const callProof = key === null ? '' : proveCall(key, { host, infoHash, peerId: ownId }, now)
  try {
    const bytes = await callWithin({ timeoutMs, signal }, async (bounded) => {
      const response = await fetch(queryUrl(question, callProof), {
        // The torrent alone decides which tracker is asked; a redirect must not
        redirect: 'error',
        headers: { 'Accept-Encoding': 'identity', 'User-Agent': 'btkit' },
        signal: bounded,
      })
      return readBounded(response)
    })
    return readTrackerAnswer(bytes, key === null ? null : { key, callProof })
  } catch {
    return { kind: 'failed' }
  }
}

/** Asks as BitTornado does: as a client that stops, which no tracker counts. */
function queryUrl({ url, infoHash, ownId, maxPeers }: TrackerQuestion, proof: string): string {
  const [base = ''] = url.split('#')
  const fields = [
    `info_hash=${percentEncode(infoHash)}&peer_id=${percentEncode(ownId)}`,
    'port=0&uploaded=0&downloaded=0&left=1&event=stopped&compact=1',
    `tracker=1&numwant=${maxPeers}`,
    ...(proof === '' ? [] : [`tracker_proof=${proof}`]),
  ]
  return `${base}${base.includes('?') ? '&' : '?'}${fields.join('&')}`
}

function percentEncode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').replace(/../g, '%$&')
}

/**
 * Reads a body up to the size limit. The result of a longer body is over the limit, so it is
 * rejected.
 */
async function readBounded({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    const bytes = chunk as Uint8Array
    chunks.push(bytes)
    size += bytes.length
    // Leaving the loop closes the connection
    if (size > MAX_TRACKER_ANSWER) break
  }
  return Buffer.concat(chunks)
}
