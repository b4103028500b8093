import type { Store } from './store/store.js'

/** Hits and misses since the cache was created. */
export interface Usage {
  readonly hits: number
  readonly misses: number
}

const USAGE_KEY = Buffer.from('m/usage')

/** Reads the counts; zeros in a new store. */
export function readUsage(store: Store): Usage {
  const packed = store.get(USAGE_KEY)
  if (packed?.length !== 16) return { hits: 0, misses: 0 }
  const view = new DataView(packed.buffer, packed.byteOffset, 16)
  return { hits: view.getFloat64(0), misses: view.getFloat64(8) }
}

/** Adds to the counts. If two processes do so at once, one addition may be lost. */
export function addUsage(store: Store, { hits, misses }: Usage): void {
  if (hits + misses === 0) return
  const before = readUsage(store)
  const view = new DataView(new ArrayBuffer(16))
  view.setFloat64(0, before.hits + hits)
  view.setFloat64(8, before.misses + misses)
  store.put(USAGE_KEY, new Uint8Array(view.buffer))
}
