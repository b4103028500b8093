import { NotReady } from '../refusal.js'

/** Work on one torrent, which any number of requests wait for. */
export interface PendingTorrent<T> {
  readonly promise: Promise<T>
  /** How many requests wait for it. */
  waiters: number
  /** Bytes hashed so far; null before hashing has begun. */
  bytesDone: number | null
}

/** How long a request waits. */
export interface WaitLimit {
  readonly milliseconds: number
  /** Has something done when the client goes away. */
  readonly onGone: (act: () => void) => void
}

/**
 * Waits for the work, but no longer than the limit; the work goes on without it.
 * @throws NotReady with how far it is, and as the work fails
 */
export function waitFor<T>(pending: PendingTorrent<T>, waitLimit: WaitLimit): Promise<T> {
  pending.waiters++
  return new Promise<T>((resolve, reject) => {
    let isOver = false
    const end = (settle: () => void) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      pending.waiters--
      settle()
    }
    const giveUp = () => {
      end(() => {
        reject(notReadyYet(pending))
      })
    }
    const timer = setTimeout(giveUp, waitLimit.milliseconds)
    waitLimit.onGone(giveUp)
    const take = () => {
      end(() => {
        resolve(pending.promise)
      })
    }
    pending.promise.then(take, take)
  })
}

const MIB = 2 ** 20

function notReadyYet({ bytesDone }: PendingTorrent<unknown>): NotReady {
  if (bytesDone === null) return new NotReady('the files wait to be hashed: ask again later', 10)
  const done = `${Math.floor(bytesDone / MIB)} MiB so far`
  return new NotReady(`the files are being hashed, ${done}: ask again later`, 5)
}
