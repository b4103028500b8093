import { timingSafeEqual } from 'node:crypto'
import { readBencode } from '../../metainfo/bencode/read.js'
import { type BencodeValue, isByteString } from '../../metainfo/bencode/value.js'
import { proveAnswer } from './tracker-proof.js'

/** Peers in compact form, 6 bytes each for IPv4 and 18 for IPv6. */
export interface CompactPeers {
  readonly peers4: Uint8Array
  readonly peers6: Uint8Array
}

/** The answer of another tracker. */
export type ForeignAnswer =
  | { readonly kind: 'peers'; readonly peers: CompactPeers }
  /** The tracker does not want to be asked, or it is this tracker. */
  | { readonly kind: 'disallowed' }
  /** The tracker does not share peers of this torrent. */
  | { readonly kind: 'refused' }
  /** There is no answer, or an invalid one. */
  | { readonly kind: 'failed' }

/** The longest answer that is read, in bytes. */
export const MAX_TRACKER_ANSWER = 64 * 1024

/** The deepest nesting accepted. Known answers are flat, and unknown fields may be nested. */
const MAX_DEPTH = 8

const NOTHING = new Uint8Array(0)
const FAILED: ForeignAnswer = { kind: 'failed' }

/** The key and the call with which an answer must be authenticated. */
export interface AnswerCheck {
  readonly key: Uint8Array
  readonly callProof: string
}

/** Parses the answer of a tracker. If `check` is set, only an authenticated answer is accepted. */
export function readTrackerAnswer(bytes: Uint8Array, check: AnswerCheck | null): ForeignAnswer {
  const answer = readDict(bytes)
  if (answer === null) return FAILED
  const failure = answer.get('failure reason')
  if (failure !== undefined) return { kind: isDisallowed(failure) ? 'disallowed' : 'refused' }
  const peers4 = answer.get('peers') ?? NOTHING
  const peers6 = answer.get('peers6') ?? NOTHING
  if (!isByteString(peers4) || !isByteString(peers6)) return FAILED
  if (peers4.length % 6 !== 0 || peers6.length % 18 !== 0) return FAILED
  const peers = { peers4, peers6 }
  if (check !== null && !isProved(answer.get('tracker proof'), peers, check)) return FAILED
  return { kind: 'peers', peers }
}

function readDict(bytes: Uint8Array): ReadonlyMap<string, BencodeValue> | null {
  try {
    const limits = { maxSize: MAX_TRACKER_ANSWER, maxDepth: MAX_DEPTH }
    const { value } = readBencode(bytes, limits)
    return value instanceof Map ? value : null
  } catch {
    return null
  }
}

/** BitTornado's word for this refusal. */
function isDisallowed(failure: BencodeValue): boolean {
  return isByteString(failure) && Buffer.from(failure).toString('latin1') === 'disallowed'
}

function isProved(
  proof: BencodeValue | undefined,
  peers: CompactPeers,
  { key, callProof }: AnswerCheck,
): boolean {
  if (!isByteString(proof)) return false
  const expected = proveAnswer(key, callProof, peers)
  return proof.length === expected.length && timingSafeEqual(proof, expected)
}
