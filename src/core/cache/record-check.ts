import type { PieceCache } from '../../cache/piece-cache.js'
import type { Engine } from '../digests/hash-content.js'

/** A record as it was drawn: its name without its kind, and its bytes. */
export interface DrawnRecord {
  readonly name: Uint8Array
  readonly body: Uint8Array
}

/** A record of a file that is what it was. */
export interface RecordCheck {
  /** The file's path. */
  readonly path: string
  /** Reads a part of the file again, at random, and compares. */
  readonly isRight: (engine: Engine) => Promise<boolean>
  readonly forget: (cache: PieceCache) => void
}
