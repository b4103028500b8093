import { setImmediate } from 'node:timers/promises'
import { clientKey } from '../../server/connections/client-address.js'

/** Milliseconds between the end of a look and the next; longer after a long look. */
const PAUSE = 1000
const LONGEST_PAUSE = 5000

/** A pause is so many times as long as the look before it. */
const REST = 10

/** Announces that wait for a look, in all and of one client; further ones are refused at once. */
const MAX_WAITING = 4096
const MAX_OF_CLIENT = 16

/** A look that has not begun, and those who wait for it. */
interface Round {
  readonly done: Promise<void>
  readonly byClient: Map<string, number>
  waiting: number
}

/**
 * Looks that announces of unknown torrents ask for. All who wait share one look, and looks are
 * seldom, so that a flood of unknown torrents costs little.
 */
export class LooksOnDemand {
  readonly #look: () => Promise<void>
  #round: Round | null = null
  /** Resolves when the next look may begin. */
  #free: Promise<unknown> = Promise.resolve()
  #endPause: () => void = () => undefined
  #isClosed = false

  /** `look` must not fail. */
  constructor(look: () => Promise<void>) {
    this.#look = look
  }

  /**
   * Resolves at the end of a look that begins after this call. Null when too many wait; the client
   * is null on a Unix socket.
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

  /** Takes no more who wait; a pause under way ends. */
  close(): void {
    this.#isClosed = true
    this.#endPause()
  }

  #begin(): Promise<void> {
    const look = this.#free.then(async () => {
      // Announces that came together share it
      await setImmediate()
      this.#round = null
      const begun = performance.now()
      await this.#look()
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
