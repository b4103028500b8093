import { LRUCache } from 'lru-cache'

/** Most paths whose warnings are remembered. */
const MAX_TOLD = 1000

/** Warns the operator of paths that cannot be read, once for each. */
export function tellOnce(warn: (message: string) => void): (path: string) => void {
  const told = new LRUCache<string, true>({ max: MAX_TOLD })
  return (path) => {
    if (told.has(path)) return
    told.set(path, true)
    warn(`${path}: cannot be read, so torrents leave it out; correct its permissions`)
  }
}
