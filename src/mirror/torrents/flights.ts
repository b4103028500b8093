import type { Throttle } from '../../disk/hash/jobs/job.js'
import type { InfoHash } from '../../metainfo/values.js'
import type { MemoryAccount, MemoryPool } from '../../server/admission/memory.js'
import { type ProgressStatus, UnderWay } from './progress.js'
import type { Requester } from '../../server/admission/requester.js'
import { NotReady } from '../../server/headers/refusal.js'

/** A client that waits for work, and for how long; null: as long as it takes. */
export interface Waiter extends Pick<Requester, 'client' | 'onGone'> {
  readonly patience: number | null
  /** Given if it wants the work before clients ask, which gives way to theirs. */
  readonly ahead?: {
    /** Limits the read rate; undefined for no limit. */
    readonly throttle: Throttle | undefined
    /** The only torrent that is wanted, and only if it can be made without reading. */
    readonly infoHash?: InfoHash
  }
}

/** Waits for work that no client wants. */
export const NOBODY: Waiter = { client: null, patience: null, onGone: () => undefined }

/**
 * Work by key: what several requests ask for at once is done once. Work ahead ends when a client
 * asks for it, and the client gets its own, because work ahead may be slow.
 */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>()
  #nothingAhead: NotReady | null = null

  /** `memory` has the accounts of all work. */
  constructor(private readonly memory: MemoryPool) {}

  /** Number of works that clients wait for. */
  get size(): number {
    return this.#forClients().length
  }

  /** The progress of the work that clients wait for, as far as it has some. */
  underWay(): ProgressStatus[] {
    return this.#forClients().flatMap(([, { progress }]) => progress?.() ?? [])
  }

  /** Lets later requests begin again; earlier ones get what they wait for. */
  forget(): void {
    for (const [key] of this.#forClients()) this.#flights.delete(key)
  }

  #forClients(): [string, Flight<T>][] {
    return [...this.#flights].filter(([, { first }]) => !first.ahead)
  }

  /** Ends all work ahead at once, and lets none begin. */
  endAhead(reason: NotReady): void {
    this.#nothingAhead = reason
    for (const flight of [...this.#flights.values()]) if (flight.first.ahead) flight.end(reason)
  }

  /**
   * Waits for the work under a key, which begins if there is none.
   * @throws as Flight.wait
   */
  join(key: string, waiter: Waiter, work: (own: Flight<T>) => Promise<T>): Promise<T> {
    if (waiter.ahead && this.#nothingAhead) return Promise.reject(this.#nothingAhead)
    const before = this.#flights.get(key)
    if (before && (waiter.ahead || !before.first.ahead)) return before.wait(waiter)
    before?.end(new NotReady('somebody who waits needs it', 1))
    const flight = new Flight(work, waiter, this.memory)
    this.#flights.set(key, flight)
    const end = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
    flight.promise.then(end, end)
    // New requests must not wait for abandoned work
    flight.signal.addEventListener('abort', end)
    return flight.wait(waiter)
  }
}

/**
 * Work that several requests wait for. It ends when no request waits any more. If the last client
 * got a 503, the work goes on until that client has had the time to ask again.
 */
export class Flight<T> {
  readonly promise: Promise<T>
  /** Returns its progress; null while its files are looked up. */
  progress: (() => ProgressStatus) | null = null
  readonly #abandoned = new AbortController()
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal = this.#abandoned.signal
  #memory: MemoryAccount | null = null
  #waiters = 0
  #expectedAgain: NodeJS.Timeout | null = null

  /** The work begins after this call. */
  constructor(
    work: (own: Flight<T>) => Promise<T>,
    /** The waiter that asked first. */
    readonly first: Pick<Waiter, 'client' | 'ahead'>,
    private readonly pool: MemoryPool,
  ) {
    this.promise = Promise.resolve().then(() => work(this))
    const finish = () => {
      this.#memory?.close()
      clearTimeout(this.#expectedAgain ?? undefined)
    }
    // Failures are handled by those who wait; there may be none
    this.promise.then(finish, finish)
  }

  /** The client in whose turns it is done. */
  get client(): string | null {
    return this.first.client
  }

  /** The account for the work's memory. */
  get memory(): MemoryAccount {
    return (this.#memory ??= this.pool.open(this.first.client))
  }

  /**
   * Waits for the work, but not longer than the waiter's patience.
   * @throws UnderWay with the progress if that is over; the errors of the work
   */
  wait(waiter: Waiter): Promise<T> {
    this.#waiters++
    return new Promise<T>((resolve, reject) => {
      let isWaiting = true
      const end = () => {
        clearTimeout(timer)
        this.#waiters -= Number(isWaiting)
        isWaiting = false
      }
      const leave = () => {
        const answer = new UnderWay(this.progress?.() ?? null)
        end()
        this.#expectAgain(2000 * answer.retryAfter)
        reject(answer)
      }
      const { patience } = waiter
      const timer = patience === null ? undefined : setTimeout(leave, patience)
      const take = () => {
        end()
        resolve(this.promise)
      }
      this.promise.then(take, take)
      waiter.onGone(() => {
        if (!isWaiting) return
        end()
        this.#giveUpIfUnwanted()
        reject(new NotReady('the client has gone', 1))
      })
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
    this.end(new NotReady('no request waits for it any more', 1))
  }

  /** Ends the work, for that reason. */
  end(reason: NotReady): void {
    this.#abandoned.abort(reason)
  }
}
