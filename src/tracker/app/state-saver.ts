import { BtkitError } from '../../errors.js'
import type { StateFile } from '../state/state-file.js'
import type { ServerContext } from '../../server/context.js'

export interface StateSaverParts extends Pick<ServerContext, 'now' | 'warn' | 'onError'> {
  readonly state: Pick<StateFile, 'save'>
  readonly path: string
}

/** Saves the state and records whether that succeeded. */
export class StateSaver {
  readonly #parts: StateSaverParts
  #savedAt = 0
  #failures = 0
  /** The last reported problem; null once the state was saved again. */
  #problem: string | null = null

  constructor(parts: StateSaverParts) {
    this.#parts = parts
  }

  /** Time of the last save in milliseconds since 1970; 0 for never. */
  get savedAt(): number {
    return this.#savedAt
  }

  /** Number of failed saves. */
  get failures(): number {
    return this.#failures
  }

  /** @throws BtkitError if the state cannot be saved */
  async save(): Promise<void> {
    await this.#parts.state.save()
    this.#savedAt = this.#parts.now()
  }

  /**
   * Saves while the tracker runs. A failure is reported once, until it ends or its message changes.
   */
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
    if (this.#problem !== null) warn(`${path}: saving the state works again`)
    this.#problem = null
  }
}
