import type { RedisAddress } from '../redis/client.js'
import type { ShareRules } from './share-name.js'

/** The machines to share digests with, and how far to trust them. */
export interface ShareRequest extends ShareRules {
  readonly address: RedisAddress
  /** Keys of the MAC, the first for new records; see sealed-record.ts. */
  readonly keys: readonly Uint8Array[]
  /** Pieces of each file that are compared before its digests are adopted; Infinity for all. */
  readonly check: number
  /** This machine's name in its records. */
  readonly machine: string
  /** Milliseconds without use after which records expire. */
  readonly unusedFor: number
}
