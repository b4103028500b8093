import { textOf } from '../base/bytes.js'
import type { InfoHash, InfoHashes, InfoHashV2 } from './values.js'

/** Reads an info hash of 40 hexadecimal digits in any case; null for any other text. */
export function readInfoHash(text: string): InfoHash | null {
  const hash = text.toLowerCase()
  return /^[0-9a-f]{40}$/.test(hash) ? (hash as InfoHash) : null
}

/**
 * Reads an info hash of version 2, of 64 hexadecimal digits in any case; null for any other text.
 */
export function readInfoHashV2(text: string): InfoHashV2 | null {
  const hash = text.toLowerCase()
  return /^[0-9a-f]{64}$/.test(hash) ? (hash as InfoHashV2) : null
}

/** Returns the info hash that has these 20 bytes. */
export function infoHashOfBytes(bytes: Uint8Array): InfoHash {
  return textOf(bytes, 'hex') as InfoHash
}

/** Returns the info hash of version 2 that has these 32 bytes. */
export function infoHashV2OfBytes(bytes: Uint8Array): InfoHashV2 {
  return textOf(bytes, 'hex') as InfoHashV2
}

/**
 * Cuts an info hash of version 2 to 20 bytes, by which peers and trackers know its torrent (BEP
 * 52).
 */
export function cutInfoHash(hash: InfoHashV2): InfoHash {
  return hash.slice(0, 40) as InfoHash
}

/** Reads an info hash of either version, and cuts one of version 2; null for any other text. */
export function readSwarmHash(text: string): InfoHash | null {
  const v2 = readInfoHashV2(text)
  return v2 === null ? readInfoHash(text) : cutInfoHash(v2)
}

/** The info hashes by which peers announce a torrent, first that of version 1 (BEP 52). */
export function swarmHashes({ infoHash, infoHashV2 }: InfoHashes): InfoHash[] {
  const cut = infoHashV2 === null ? null : cutInfoHash(infoHashV2)
  return [infoHash, cut].filter((hash) => hash !== null)
}

/** Whether peers announce a torrent by one of some info hashes. */
export function isAmong(torrent: InfoHashes, hashes?: ReadonlySet<InfoHash>): boolean {
  return hashes !== undefined && swarmHashes(torrent).some((hash) => hashes.has(hash))
}
