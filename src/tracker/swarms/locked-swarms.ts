import type { Lock } from './lock.js'
import type { MemorySwarms } from './memory-swarms.js'
import type {
  AnnounceAnswer,
  OutsideWish,
  PeerAnnounce,
  StoreTotals,
  SwarmCounts,
  SwarmPage,
  SwarmRestorer,
  SwarmStore,
} from './swarm-store.js'

/** Swarms that several threads share: each of them has one of these on the same memory and lock. */
export class LockedSwarms implements SwarmStore {
  readonly #store: MemorySwarms
  readonly #lock: Lock

  constructor(store: MemorySwarms, lock: Lock) {
    this.#store = store
    this.#lock = lock
  }

  announce(announce: PeerAnnounce): AnnounceAnswer {
    // Without a closure, as nothing is done more often
    this.#lock.take()
    try {
      return this.#store.announce(announce)
    } finally {
      this.#lock.release()
    }
  }

  choose(wish: OutsideWish): AnnounceAnswer {
    return this.#lock.hold(() => this.#store.choose(wish))
  }

  scrape(infoHash: Uint8Array): SwarmCounts | null {
    return this.#lock.hold(() => this.#store.scrape(infoHash))
  }

  list(from: number, limit: number): SwarmPage {
    return this.#lock.hold(() => this.#store.list(from, limit))
  }

  totals(): StoreTotals {
    return this.#lock.hold(() => this.#store.totals())
  }

  forget(infoHash: Uint8Array): void {
    this.#lock.hold(() => {
      this.#store.forget(infoHash)
    })
  }

  expire(slots: number): boolean {
    return this.#lock.hold(() => this.#store.expire(slots))
  }

  *save(): Generator<Uint8Array, void> {
    const slices = this.#store.save()
    for (;;) {
      const { done, value } = this.#lock.hold(() => slices.next())
      if (done === true) return
      yield value
    }
  }

  restore(age: number, size?: number): SwarmRestorer {
    const restorer = this.#lock.hold(() => this.#store.restore(age, size))
    return {
      write: (bytes) => {
        this.#lock.hold(() => {
          restorer.write(bytes)
        })
      },
      end: restorer.end,
    }
  }
}
