import { timingSafeEqual } from 'node:crypto'
import { readBencode } from '../../metainfo/bencode/read.js'
import { type BencodeValue, isByteString } from '../../metainfo/bencode/value.js'
import { proveAnswer } from './tracker-proof.js'

/** Peers in compact form: six bytes each, and eighteen. */
export interface CompactPeers {
  readonly peers4: Uint8Array
  readonly peers6: Uint8Array
}

/** What another tracker has answered. */
export type ForeignAnswer =
  | { readonly kind: 'peers'; readonly peers: CompactPeers }
  /** It does not want to be asked, or is this tracker itself. */
  | { readonly kind: 'disallowed' }
  /** It does not share peers of this torrent. */
  | { readonly kind: 'refused' }
  /** There is no answer, or none that can be believed. */
  | { readonly kind: 'failed' }

/** The longest answer that is read, in bytes. */
export const MAX_TRACKER_ANSWER = 64 * 1024

/** An answer is flat; this leaves room for what nobody here needs. */
const MAX_DEPTH = 8

const NOTHING = new Uint8Array(0)
const FAILED: ForeignAnswer = { kind: 'failed' }

/** By which key an answer has to be proved, and to which call it is one. */
export interface AnswerCheck {
  readonly key: Uint8Array
  readonly callProof: string
}

/** Reads the answer of a tracker; with a check, only one that proves itself is taken. */
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

/** The word that BitTornado has for it. */
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
