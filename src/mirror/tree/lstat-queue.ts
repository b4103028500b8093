import { lstatMany, type PathState } from '../../files/lstat-many.js'

interface Waiting {
  readonly path: string
  readonly resolve: (state: PathState) => void
  readonly reject: (error: Error) => void
}

/**
 * Looks at paths, links not followed: at all that are asked for in one go together, as handing each to
 * another thread costs more than the look.
 */
export class LstatQueue {
  #waiting: Waiting[] = []

  /** What a path leads to; fails as the system does. */
  lstat(path: string): Promise<PathState> {
    return new Promise((resolve, reject) => {
      // After all that others do before they wait
      if (this.#waiting.push({ path, resolve, reject }) === 1) process.nextTick(this.#lookAtAll)
    })
  }

  readonly #lookAtAll = (): void => {
    const waiting = this.#waiting
    this.#waiting = []
    const settle = (states: readonly (PathState | Error)[]) => {
      waiting.forEach(({ resolve, reject }, i) => {
        const state = states[i] ?? new Error('not looked at')
        if (state instanceof Error) reject(state)
        else resolve(state)
      })
    }
    const fail = (error: Error) => {
      for (const { reject } of waiting) reject(error)
    }
    lstatMany(waiting.map(({ path }) => path)).then(settle, fail)
  }
}
