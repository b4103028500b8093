import type { MemoryAccount } from '../admission/memory-pool.js'
import { NotReady } from '../../server/answers/refusal.js'
import type { Requester } from '../requests/requester.js'
import type { TorrentProgress } from '../progress/progress.js'
import { UnderWay } from '../progress/under-way.js'

/** Who waits for work, and for how long. */
export type Waiter = Pick<Requester, 'client' | 'patience' | 'onGone'>

/** Work that is waited for: ends early when its signal aborts. */
export type Work<T> = (pending: PendingTorrent<T>) => Promise<T>

/**
 * Work on one torrent, which any number of requests wait for. When the last of them goes away it is
 * given up. When the last was told to come again, it goes on until that should have come.
 */
export class PendingTorrent<T> {
  readonly promise: Promise<T>
  /** How far it is; null while its files are looked at. */
  progress: TorrentProgress | null = null
  readonly #abandoned = new AbortController()
  #waiters = 0
  #expectedAgain: NodeJS.Timeout | null = null

  /** The work begins after this call. */
  constructor(
    work: Work<T>,
    /** Who asked first; see Requester. */
    readonly client: string | null,
    /** What is kept in memory for it is on this account. */
    readonly memory: MemoryAccount,
  ) {
    this.promise = Promise.resolve().then(() => work(this))
    const settle = () => {
      memory.close()
      clearTimeout(this.#expectedAgain ?? undefined)
    }
    // A failure is for those who wait; there may be none
    this.promise.then(settle, settle)
  }

  /** How many requests wait for it. */
  get waiters(): number {
    return this.#waiters
  }

  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  get signal(): AbortSignal {
    return this.#abandoned.signal
  }

  /**
   * Waits for the work, but no longer than the waiter does.
   * @throws UnderWay with how far it is, and as the work fails
   */
  wait(waiter: Waiter): Promise<T> {
    this.#waiters++
    return new Promise<T>((resolve, reject) => {
      let isOver = false
      const end = (settle: () => void) => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        this.#waiters--
        settle()
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

  /** Keeps the work for so many milliseconds, for a client that was told to come again. */
  #expectAgain(milliseconds: number): void {
    clearTimeout(this.#expectedAgain ?? undefined)
    this.#expectedAgain = setTimeout(() => {
      this.#expectedAgain = null
      this.#giveUpIfUnwanted()
    }, milliseconds).unref()
  }

  #giveUpIfUnwanted(): void {
    if (this.#waiters > 0 || this.#expectedAgain !== null) return
    this.#abandoned.abort(new NotReady('nobody waits for it any more', 1))
  }

  #notReadyYet(): UnderWay {
    const told = this.progress?.tell() ?? null
    const bytesHashed = this.progress?.bytesHashed ?? null
    if (bytesHashed === null) {
      return new UnderWay('the files wait to be hashed: ask again later', 10, told)
    }
    const done = `${Math.floor(bytesHashed / MIB)} MiB so far`
    return new UnderWay(`the files are being hashed, ${done}: ask again later`, 5, told)
  }
}

const MIB = 2 ** 20
