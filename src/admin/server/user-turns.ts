import { BtkitError } from '../../errors.js'

/** The most requests of a user at once; a browser with many tabs sends fewer. */
const MOST = 30

/** The requests of a user that did not end yet. */
interface Line {
  count: number
  last: Promise<unknown>
}

/**
 * Answers the requests of each user one after the other. Pages give way to announces between two
 * torrents, but forty pages at once would give way only after forty torrents.
 */
export class UserTurns {
  readonly #lines = new Map<string, Line>()

  /**
   * Acts when all earlier requests of the user have ended.
   * @throws BtkitError `busy` if very many have not
   */
  async run<T>(user: string, act: () => Promise<T>): Promise<T> {
    const line = this.#lines.get(user) ?? { count: 0, last: Promise.resolve() }
    if (line.count >= MOST)
      throw new BtkitError('busy', 'too many requests of yours at once; try again in a moment')
    this.#lines.set(user, line)
    line.count++
    const result = line.last.then(act)
    line.last = result.catch(() => undefined)
    try {
      return await result
    } finally {
      line.count--
      if (line.count === 0) this.#lines.delete(user)
    }
  }
}
