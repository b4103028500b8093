import { NotReady } from '../../server/answers/refusal.js'
import type { Requester } from '../requests/requester.js'

/** Work that any number of requests wait for. When the last of them goes away it is given up. */
export class SharedWork<T> {
  readonly #abandoned = new AbortController()
  readonly #promise: Promise<T>
  #waiters = 0

  /** The work begins after this call, and ends early when its signal aborts. */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#promise = Promise.resolve().then(() => work(this.#abandoned.signal))
    // A failure is for those who wait; there may be none
    this.#promise.catch(() => undefined)
  }

  /** Whether it was given up. */
  get isAbandoned(): boolean {
    return this.#abandoned.signal.aborted
  }

  /** Waits for the work; fails as it does. */
  wait(waiter: Pick<Requester, 'onGone'>): Promise<T> {
    this.#waiters++
    waiter.onGone(() => {
      if (--this.#waiters > 0) return
      this.#abandoned.abort(new NotReady('nobody waits for it any more', 1))
    })
    return this.#promise
  }
}
