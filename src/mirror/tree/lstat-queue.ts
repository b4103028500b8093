import { lstatMany, type PathState } from '../../files/lstat-many.js'

interface Waiting {
  readonly path: string
  readonly resolve: (state: PathState) => void
  readonly reject: (error: Error) => void
}

/**
 * Looks up paths without following links. Lookups requested in one turn are done together, because
 * a switch to another thread costs more than a lookup.
 */
export class LstatQueue {
  #waiting: Waiting[] = []

  /** The state of a path; rejects with the system's errors. */
  lstat(path: string): Promise<PathState> {
    return new Promise((resolve, reject) => {
      // After all other requests of this turn
      if (this.#waiting.push({ path, resolve, reject }) === 1) process.nextTick(this.#lookAtAll)
    })
  }

  readonly #lookAtAll = (): void => {
    const waiting = this.#waiting
    this.#waiting = []
    const finish = (states: readonly (PathState | Error)[]) => {
      waiting.forEach(({ resolve, reject }, i) => {
        const state = states[i] ?? new Error('not looked at')
        if (state instanceof Error) reject(state)
        else resolve(state)
      })
    }
    const fail = (error: Error) => {
      for (const { reject } of waiting) reject(error)
    }
    lstatMany(waiting.map(({ path }) => path)).then(finish, fail)
  }
}
