import { setImmediate } from 'node:timers/promises'
import { ConcurrencyLimit } from '../../files/concurrency-limit.js'
import { clientKey } from '../../server/connections/client-address.js'
import { tooBusy, type PageAnswer } from './page-answer.js'

/** Pages that are rendered at once. */
const AT_ONCE = 2

/** The most pages that are rendered or wait, in all and for one client. */
const MOST = 100
const MOST_PER_CLIENT = 16

/** Renders few pages at a time, so that announces do not wait for pages, and refuses too many. */
export class RenderQueue {
  readonly #limit = new ConcurrencyLimit(AT_ONCE)
  /** The pages of each client, which is '' on a Unix socket. */
  readonly #clients = new Map<string, number>()

  /** Renders a page for a client in its turn. The answer is 503 if too many wait. */
  async render(
    client: string | null,
    act: () => PageAnswer | Promise<PageAnswer>,
  ): Promise<PageAnswer> {
    const key = client === null ? '' : clientKey(client)
    const own = this.#clients.get(key) ?? 0
    if (this.#limit.unfinished >= MOST || own >= MOST_PER_CLIENT) return tooBusy()
    this.#clients.set(key, own + 1)
    try {
      return await this.#limit.run(async () => {
        // Announces that came meanwhile are first
        await setImmediate()
        return act()
      })
    } finally {
      const left = (this.#clients.get(key) ?? 1) - 1
      if (left === 0) this.#clients.delete(key)
      else this.#clients.set(key, left)
    }
  }
}
