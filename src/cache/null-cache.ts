import { PieceCache } from './piece-cache.js'
import { nullStore } from './store/null.js'

/** A cache that holds nothing and keeps nothing. */
export function openNullCache(): PieceCache {
  return new PieceCache({ store: nullStore, now: () => 0 })
}
