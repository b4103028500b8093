import { setImmediate } from 'node:timers/promises'
import { clientKey } from '../../server/connections/client-address.js'

/**
 * Milliseconds between the end of a scan and the next one. The pause is longer after a long scan.
 */
const PAUSE = 1000
const LONGEST_PAUSE = 5000

/** A pause lasts this many times as long as the scan before it. */
const REST = 10

/**
 * The most announces that wait for a scan, in total and per client. Further ones are refused at
 * once.
 */
const MAX_WAITING = 4096
const MAX_OF_CLIENT = 16

/** A scan that has not begun, with the number of announces waiting for it. */
interface Round {
  readonly done: Promise<void>
  readonly byClient: Map<string, number>
  waiting: number
}

/**
 * Scans for torrents when clients announce unknown ones. All waiting announces share one scan, and
 * there is a pause between scans. A flood of unknown torrents therefore costs little.
 */
export class LooksOnDemand {
  #round: Round | null = null
  /** Resolves when the next scan may begin. */
  #free: Promise<unknown> = Promise.resolve()
  #endPause: () => void = () => undefined
  #isClosed = false

  /** `look` must not fail. */
  constructor(private readonly look: () => Promise<void>) {}

  /**
   * Resolves at the end of a scan that begins after this call. Returns null if too many announces
   * wait.
   * `client` is an address, or null on a Unix socket.
   */
  ask(client: string | null): Promise<void> | null {
    if (this.#isClosed) return null
    this.#round ??= { done: this.#begin(), byClient: new Map(), waiting: 0 }
    const round = this.#round
    const key = client === null ? null : clientKey(client)
    const ofClient = key === null ? 0 : (round.byClient.get(key) ?? 0)
    if (round.waiting === MAX_WAITING || ofClient === MAX_OF_CLIENT) return null
    round.waiting += 1
    if (key !== null) round.byClient.set(key, ofClient + 1)
    return round.done
  }

  /** Accepts no further requests and ends the current pause. */
  close(): void {
    this.#isClosed = true
    this.#endPause()
  }

  #begin(): Promise<void> {
    const look = this.#free.then(async () => {
      // Announces that arrived together share one scan
      await setImmediate()
      this.#round = null
      const begun = performance.now()
      await this.look()
      return performance.now() - begun
    })
    this.#free = look.then((took) => this.#pause(took))
    return look.then(() => undefined)
  }

  #pause(took: number): Promise<void> | void {
    if (this.#isClosed) return
    const pause = Math.min(LONGEST_PAUSE, Math.max(PAUSE, REST * took))
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause).unref()
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
