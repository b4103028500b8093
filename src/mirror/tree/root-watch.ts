import { realpath, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { NotReady } from '../../server/headers/refusal.js'

/** Milliseconds between looks at a root with links in its path. */
const PERIOD = 1000

/** Milliseconds before a lookup of the root fails, because a file server may be down. */
const PATIENCE = 5000

/**
 * Calls a function at most a second after a link in the root's path leads elsewhere; without links
 * in it, nothing is looked up. `before` is its real path so far, or null. The returned function
 * ends this.
 */
export function followRoot(root: string, before: string | null, onMoved: () => void): () => void {
  if (before === root) return () => undefined
  let [real, isLooking] = [before, false]
  const look = async () => {
    // A file server may be down
    if (isLooking) return
    isLooking = true
    const now = await realRootOf(root)
    if (now !== real) onMoved()
    real = now
    isLooking = false
  }
  const timer = setInterval(() => void look(), PERIOD).unref()
  return () => {
    clearInterval(timer)
  }
}

/** The real path of a root; null if it is missing. */
export function realRootOf(root: string): Promise<string | null> {
  return realpath(root).catch(() => null)
}

/** Whether the root is a directory that can be read; false if nobody knows soon. */
export function isRootThereSoon(root: string): Promise<boolean> {
  return Promise.race([isRootThere(root), setTimeout(PATIENCE, false, { ref: false })])
}

/** Whether the root is a directory that can be read. */
export async function isRootThere(root: string): Promise<boolean> {
  return stat(root).then(
    (stats) => stats.isDirectory(),
    () => false,
  )
}

/**
 * The refusal while the root is missing, for example while it is moved. With 404, clients and
 * proxies would treat its files as deleted.
 */
export function missingRoot(): NotReady {
  return new NotReady('the root of the mirror is missing; try again in 10 s', 10)
}
