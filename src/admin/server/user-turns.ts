import { BtkitError } from '../../errors.js'
import { ConcurrencyLimit } from '../../files/concurrency-limit.js'

/** The most requests of a user at once; a browser with many tabs sends fewer. */
const MOST = 30

/**
 * Answers the requests of each user one after the other. Pages give way to announces between two
 * torrents, but forty pages at once would give way only after forty torrents.
 */
export class UserTurns {
  /** The turns of users whose requests did not all end yet. */
  readonly #turns = new Map<string, ConcurrencyLimit>()

  /**
   * Acts when all earlier requests of the user have ended.
   * @throws BtkitError `busy` if very many have not
   */
  async run<T>(user: string, act: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(user) ?? new ConcurrencyLimit(1)
    if (turns.unfinished >= MOST)
      throw new BtkitError('busy', 'too many requests of yours at once; try again in a moment')
    this.#turns.set(user, turns)
    try {
      return await turns.run(act)
    } finally {
      if (turns.unfinished === 0) this.#turns.delete(user)
    }
  }
}
