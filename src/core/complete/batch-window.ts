/** How many begin together at most, and how long the first of them waits, in milliseconds. */
const MOST = 512
const MAX_WAIT = 20

/**
 * Lets tasks begin together that are cheaper that way, such as writes that share a flush: each waits
 * until enough others do, or for a moment.
 */
export class BatchWindow {
  /** What those wait for who joined; null while nobody waits. */
  #beginning: Promise<void> | null = null
  #begin: () => void = () => undefined
  #count = 0

  /** Resolves when it is time to begin. */
  join(): Promise<void> {
    const beginning = (this.#beginning ??= this.#open())
    if (++this.#count >= MOST) this.#begin()
    return beginning
  }

  #open(): Promise<void> {
    return new Promise((resolve) => {
      const begin = () => {
        clearTimeout(timer)
        this.#beginning = null
        this.#count = 0
        resolve()
      }
      const timer = setTimeout(begin, MAX_WAIT)
      this.#begin = begin
    })
  }
}
