import { NotReady } from '../refusal.js'

/** Work that waits for its turn. */
interface Waiting {
  readonly begin: () => void
  readonly isWanted: () => boolean
  readonly drop: () => void
}

/** Lets a few hash jobs run at once, and the others wait in the order in which they came. */
export class HashQueue {
  readonly #waiting: Waiting[] = []
  #running = 0

  constructor(readonly limit: number) {}

  get running(): number {
    return this.#running
  }

  get length(): number {
    return this.#waiting.length
  }

  /**
   * Does the work when its turn has come, if it is still wanted then. `work` is told how many jobs
   * run, itself included.
   * @throws NotReady when nobody wants it any more
   */
  async run<T>(work: (running: number) => Promise<T>, isWanted: () => boolean): Promise<T> {
    if (this.#running < this.limit) this.#running++
    else await this.#turn(isWanted)
    try {
      return await work(this.#running)
    } finally {
      this.#running--
      this.#next()
    }
  }

  #turn(isWanted: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const drop = () => {
        reject(new NotReady('nobody waited for it any more', 1))
      }
      this.#waiting.push({ begin: resolve, isWanted, drop })
    })
  }

  /** Gives the free place to the next that is wanted. */
  #next(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (next.isWanted()) {
        this.#running++
        next.begin()
        return
      }
      next.drop()
    }
  }
}
