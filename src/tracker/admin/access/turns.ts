import pLimit, { type LimitFunction } from 'p-limit'
import { unfinished } from '../../../base/concurrency.js'
import { BtkitError } from '../../../base/errors.js'

/** The most requests of a user at once; a browser with many tabs sends fewer. */
const MOST = 30

/**
 * Acts for each user, or each client, one after the other. Pages give way to announces between two
 * torrents, but forty pages at once would give way only after forty torrents. Passwords are checked
 * one at a time, and without turns those of one client would come before all others.
 */
export class UserTurns {
  /** The turns of those whose requests did not all end yet. */
  readonly #turns = new Map<string, LimitFunction>()

  /**
   * Acts when all earlier requests of the user have ended.
   * @throws BtkitError `busy` if very many have not
   */
  async run<T>(user: string, act: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(user) ?? pLimit(1)
    if (unfinished(turns) >= MOST)
      throw new BtkitError('busy', 'you have sent too many requests; try again in a moment')
    this.#turns.set(user, turns)
    try {
      return await turns(act)
    } finally {
      if (unfinished(turns) === 0) this.#turns.delete(user)
    }
  }
}
