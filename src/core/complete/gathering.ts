/** How many begin together at most, and how long the first of them waits, in milliseconds. */
const MOST = 512
const MAX_WAIT = 20

/**
 * Lets things begin together that are cheaper that way, such as writes that share a flush: each waits
 * until enough others do, or for a moment.
 */
export class Gathering {
  #waiting: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  /** Resolves when it is time to begin. */
  join(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (this.#waiting.length >= MOST) this.#begin()
      else
        this.#timer ??= setTimeout(() => {
          this.#begin()
        }, MAX_WAIT)
    })
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const waiting = this.#waiting
    this.#waiting = []
    for (const begin of waiting) begin()
  }
}
