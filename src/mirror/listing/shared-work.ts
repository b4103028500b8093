import { NotReady } from '../../server/answers/refusal.js'
import type { Requester } from '../requests/requester.js'

/** Work that several requests wait for. It is abandoned when the last of them goes away. */
export class SharedWork<T> {
  readonly #abandoned = new AbortController()
  readonly #promise: Promise<T>
  #waiters = 0

  /** The work begins after this call and ends early when its signal aborts. */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#promise = Promise.resolve().then(() => work(this.#abandoned.signal))
    // Failures are handled by those who wait; there may be none
    this.#promise.catch(() => undefined)
  }

  /** Whether the work was abandoned. */
  get isAbandoned(): boolean {
    return this.#abandoned.signal.aborted
  }

  /** Waits for the work; rejects if it fails. */
  wait(waiter: Pick<Requester, 'onGone'>): Promise<T> {
    this.#waiters++
    waiter.onGone(() => {
      if (--this.#waiters > 0) return
      this.#abandoned.abort(new NotReady('no request waits for it any more', 1))
    })
    return this.#promise
  }
}
