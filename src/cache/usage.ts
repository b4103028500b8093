import type { Store } from './store/store.js'

/** How often a record was there when it was looked for, since the cache was begun. */
export interface Usage {
  readonly hits: number
  readonly misses: number
}

const USAGE_KEY = Buffer.from('m/usage')

/** The counts so far; zeros in a new store. */
export function readUsage(store: Store): Usage {
  const packed = store.get(USAGE_KEY)
  if (packed?.length !== 16) return { hits: 0, misses: 0 }
  const view = new DataView(packed.buffer, packed.byteOffset, 16)
  return { hits: view.getFloat64(0), misses: view.getFloat64(8) }
}

/** Adds to the counts. Of two processes that do so at once, one may be left out. */
export function addUsage(store: Store, { hits, misses }: Usage): void {
  if (hits + misses === 0) return
  const before = readUsage(store)
  const view = new DataView(new ArrayBuffer(16))
  view.setFloat64(0, before.hits + hits)
  view.setFloat64(8, before.misses + misses)
  store.put(USAGE_KEY, new Uint8Array(view.buffer))
}
