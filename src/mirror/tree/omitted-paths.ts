import { LRUCache } from 'lru-cache'

/** Paths of which it is remembered that they were told of. */
const MAX_TOLD = 1000

/** Tells the operator of paths that can't be read, of each once. */
export function tellOnce(warn: (message: string) => void): (path: string) => void {
  const told = new LRUCache<string, true>({ max: MAX_TOLD })
  return (path) => {
    if (told.has(path)) return
    told.set(path, true)
    warn(`${path}: can't be read, and is left out of torrents`)
  }
}
