import { BtkitError } from '../../errors.js'
import type { StateFile } from '../state/state-file.js'
import type { ServerContext } from '../../server/context.js'

export interface StateSaverParts extends Pick<ServerContext, 'now' | 'warn' | 'onError'> {
  readonly state: Pick<StateFile, 'save'>
  readonly path: string
}

/** Saves the state again and again, and knows how that went. */
export class StateSaver {
  readonly #parts: StateSaverParts
  #savedAt = 0
  #failures = 0
  /** What was told last; null when the state was saved since. */
  #problem: string | null = null

  constructor(parts: StateSaverParts) {
    this.#parts = parts
  }

  /** When the state was last saved, in milliseconds since 1970; 0 for never. */
  get savedAt(): number {
    return this.#savedAt
  }

  /** How often it could not be saved. */
  get failures(): number {
    return this.#failures
  }

  /** @throws BtkitError when the state can't be saved */
  async save(): Promise<void> {
    await this.#parts.state.save()
    this.#savedAt = this.#parts.now()
  }

  /** Saves while the tracker goes on: a failure is told once, until it is over or another. */
  async saveOrTell(): Promise<void> {
    const { path, warn, onError } = this.#parts
    try {
      await this.save()
    } catch (error) {
      this.#failures += 1
      const problem = error instanceof BtkitError ? error.message : null
      if (problem === null || problem !== this.#problem) onError(error)
      this.#problem = problem
      return
    }
    if (this.#problem !== null) warn(`${path}: the state is saved again`)
    this.#problem = null
  }
}
