import { NotReady } from '../refusal.js'

/** Work on one torrent, which any number of requests wait for. */
export interface Flight<T> {
  readonly promise: Promise<T>
  /** How many requests wait for it. */
  waiters: number
  /** Bytes hashed so far; null before hashing has begun. */
  bytesDone: number | null
}

/** How long a request waits. */
export interface Patience {
  readonly milliseconds: number
  /** Has something done when the client goes away. */
  readonly onGone: (act: () => void) => void
}

/**
 * Waits for the work, but no longer than patience lasts; the work goes on without it.
 * @throws NotReady with how far it is, and as the work fails
 */
export function waitFor<T>(flight: Flight<T>, patience: Patience): Promise<T> {
  flight.waiters++
  return new Promise<T>((resolve, reject) => {
    let isOver = false
    const end = (settle: () => void) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      flight.waiters--
      settle()
    }
    const giveUp = () => {
      end(() => {
        reject(notReadyYet(flight))
      })
    }
    const timer = setTimeout(giveUp, patience.milliseconds)
    patience.onGone(giveUp)
    const take = () => {
      end(() => {
        resolve(flight.promise)
      })
    }
    flight.promise.then(take, take)
  })
}

const MIB = 2 ** 20

function notReadyYet({ bytesDone }: Flight<unknown>): NotReady {
  if (bytesDone === null) return new NotReady('the files wait to be hashed: ask again later', 10)
  const done = `${Math.floor(bytesDone / MIB)} MiB so far`
  return new NotReady(`the files are being hashed, ${done}: ask again later`, 5)
}
