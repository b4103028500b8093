import type { MemoryAccount } from '../admission/memory-pool.js'
import { NotReady } from '../../server/answers/refusal.js'
import type { Requester } from '../requests/requester.js'
import { type TorrentProgress, UnderWay } from '../progress/progress.js'

/** A client that waits for work, and for how long. */
export type Waiter = Pick<Requester, 'client' | 'patience' | 'onGone'>

/** Work that clients wait for; ends early when its signal aborts. */
export type Work<T> = (pending: PendingTorrent<T>) => Promise<T>

/**
 * Work on one torrent that several requests wait for. It is abandoned when the last of them goes
 * away. If the last one was told to try again, it goes on until that request should have come.
 */
export class PendingTorrent<T> {
  readonly promise: Promise<T>
  /** Its progress; null while its files are looked up. */
  progress: TorrentProgress | null = null
  readonly #abandoned = new AbortController()
  #waiters = 0
  #expectedAgain: NodeJS.Timeout | null = null

  /** The work begins after this call. */
  constructor(
    work: Work<T>,
    /** The client that asked first; see Requester. */
    readonly client: string | null,
    /** The account for the work's memory. */
    readonly memory: MemoryAccount,
  ) {
    this.promise = Promise.resolve().then(() => work(this))
    const finish = () => {
      memory.close()
      clearTimeout(this.#expectedAgain ?? undefined)
    }
    // Failures are handled by those who wait; there may be none
    this.promise.then(finish, finish)
  }

  /** Number of requests that wait for it. */
  get waiters(): number {
    return this.#waiters
  }

  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  get signal(): AbortSignal {
    return this.#abandoned.signal
  }

  /**
   * Waits for the work, but not longer than the waiter's patience.
   * @throws UnderWay with the progress if that is over; the errors of the work
   */
  wait(waiter: Waiter): Promise<T> {
    this.#waiters++
    return new Promise<T>((resolve, reject) => {
      let isOver = false
      const end = (finish: () => void) => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        this.#waiters--
        finish()
      }
      const timer = setTimeout(() => {
        end(() => {
          const answer = this.#notReadyYet()
          this.#expectAgain(2000 * answer.retryAfter)
          reject(answer)
        })
      }, waiter.patience)
      waiter.onGone(() => {
        end(() => {
          this.#giveUpIfUnwanted()
          reject(new NotReady('the client has gone', 1))
        })
      })
      const take = () => {
        end(() => {
          resolve(this.promise)
        })
      }
      this.promise.then(take, take)
    })
  }

  /** Keeps the work alive for that time, for a client that was told to try again. */
  #expectAgain(milliseconds: number): void {
    clearTimeout(this.#expectedAgain ?? undefined)
    this.#expectedAgain = setTimeout(() => {
      this.#expectedAgain = null
      this.#giveUpIfUnwanted()
    }, milliseconds).unref()
  }

  #giveUpIfUnwanted(): void {
    if (this.#waiters > 0 || this.#expectedAgain !== null) return
    this.#abandoned.abort(new NotReady('no request waits for it any more', 1))
  }

  #notReadyYet(): UnderWay {
    const told = this.progress?.tell() ?? null
    const bytesHashed = this.progress?.bytesHashed ?? null
    if (bytesHashed === null) {
      return new UnderWay('the files wait to be hashed; try again in 10 s', 10, told)
    }
    const done = `${Math.floor(bytesHashed / MIB)} MiB so far`
    return new UnderWay(`the files are being hashed, ${done}; try again in 5 s`, 5, told)
  }
}

const MIB = 2 ** 20
