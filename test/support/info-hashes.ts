import assert from 'node:assert/strict'
import { readInfoHash } from '../../src/metainfo/info-hash.js'
import type { InfoHash } from '../../src/metainfo/values.js'

/** The info hash of these digits, which must be 40. */
export function infoHashOf(digits: string): InfoHash {
  const infoHash = readInfoHash(digits)
  assert.ok(infoHash, digits)
  return infoHash
}
