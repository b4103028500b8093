import { records } from '../../cache/maintain.js'
import type { PieceCache } from '../../cache/piece-cache.js'
import type { Engine } from '../digests/hash-content.js'
import { withCache } from './access.js'
import type { CachePlace } from './place.js'
import { checkPieces } from './check-pieces.js'
import { checkTree } from './check-tree.js'
import type { DrawnRecord, RecordCheck } from './record-check.js'

/** How to check the kinds of records that can be held against a file. */
const CHECKS = { file: checkPieces, tree: checkTree }

interface Drawn extends DrawnRecord {
  readonly kind: keyof typeof CHECKS
}

/** What a look at some of a cache's records found. */
export interface CacheCheck {
  /** Records whose file is unchanged; a part of each was read and hashed again. */
  readonly checked: number
  /** Records of files that changed or went since. Nothing relies on them. */
  readonly stale: number
  /** The paths of files whose records were wrong. These records are removed. */
  readonly wrong: readonly string[]
}

/**
 * Holds a random sample of the records of files against the files themselves.
 * @throws BtkitError when a file can't be read
 */
export function verifyCache(
  place: CachePlace,
  engine: Engine,
  sample: number,
): Promise<CacheCheck> {
  return withCache(place, (cache) => verifyRecords(cache, engine, sample))
}

async function verifyRecords(
  cache: PieceCache,
  engine: Engine,
  sample: number,
): Promise<CacheCheck> {
  const wrong: string[] = []
  let checked = 0
  const drawn = drawRecords(cache, sample)
  for (const record of drawn) {
    const check: RecordCheck | null = CHECKS[record.kind](record)
    if (!check) continue
    checked++
    if (await check.isRight(engine)) continue
    wrong.push(check.path)
    check.forget(cache)
  }
  return { checked, stale: drawn.length - checked, wrong }
}

/** Draws records of files, each with the same chance (reservoir sampling). */
function drawRecords({ store }: PieceCache, sample: number): Drawn[] {
  const drawn: Drawn[] = []
  let seen = 0
  for (const { kind, key, body } of records(store)) {
    if (kind !== 'file' && kind !== 'tree') continue
    seen++
    const place = drawn.length < sample ? drawn.length : Math.floor(Math.random() * seen)
    // Copies, for what the store hands out does not last
    if (place < sample)
      drawn[place] = { kind, name: Uint8Array.from(key.subarray(1)), body: Uint8Array.from(body) }
  }
  return drawn
}
