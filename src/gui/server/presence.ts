/**
 * Milliseconds without a page after which the window counts as closed: enough to come back from an
 * error page of the browser, which holds no connection.
 */
const GONE_AFTER = 30_000

/** Notices when the last page is closed. A page counts while its connection is open. */
export class Presence {
  #pages = 0
  #hadPage = false
  #timer: NodeJS.Timeout | null = null

  /** `isBusy` says whether work is under way, which keeps the program running. */
  constructor(
    private readonly isBusy: () => boolean,
    private readonly onGone: () => void,
    private readonly goneAfter = GONE_AFTER,
  ) {}

  /** Counts a page. Returns a function for when it closes. */
  open(): () => void {
    this.#pages++
    this.#hadPage = true
    this.#stopWaiting()
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      this.#pages--
      this.look()
    }
  }

  /** Waits for a page if there is none. Without scripts there never is one, and nothing ends. */
  look(): void {
    if (!this.#hadPage || this.#pages > 0 || this.isBusy()) return
    this.#stopWaiting()
    this.#timer = setTimeout(() => {
      if (this.#pages === 0 && !this.isBusy()) this.onGone()
    }, this.goneAfter)
  }

  close(): void {
    this.#stopWaiting()
  }

  #stopWaiting(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
  }
}
