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
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
}

/**
 * Waits for the work, but no longer than patience lasts; the work goes on without it.
 * @throws NotReady with how far it is, and as the work fails
 */
export async function waitFor<T>(flight: Flight<T>, patience: Patience): Promise<T> {
  flight.waiters++
  let stop: () => void = () => undefined
  const end = new Promise<never>((_, reject) => {
    const giveUp = () => {
      reject(notReadyYet(flight))
    }
    const timer = setTimeout(giveUp, patience.milliseconds)
    patience.signal.addEventListener('abort', giveUp, { once: true })
    stop = () => {
      clearTimeout(timer)
      patience.signal.removeEventListener('abort', giveUp)
    }
  })
  try {
    return await Promise.race([flight.promise, end])
  } finally {
    flight.waiters--
    stop()
  }
}

const MIB = 2 ** 20

function notReadyYet({ bytesDone }: Flight<unknown>): NotReady {
  if (bytesDone === null) return new NotReady('the files wait to be hashed: ask again later', 10)
  const done = `${Math.floor(bytesDone / MIB)} MiB so far`
  return new NotReady(`the files are being hashed, ${done}: ask again later`, 5)
}
