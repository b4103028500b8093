import { BtkitError } from '../../errors.js'
import type { StateFile } from '../state/state-file.js'
import type { ServerContext } from '../../server/context.js'

type SaverContext = Pick<ServerContext, 'now' | 'warn' | 'onError'>

/** Saves the state and records whether that succeeded. */
export class StateSaver {
  #savedAt = 0
  #failures = 0
  /** The last reported problem; null once the state was saved again. */
  #problem: string | null = null

  constructor(
    private readonly state: Pick<StateFile, 'save'>,
    private readonly path: string,
    private readonly context: SaverContext,
  ) {}

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
    await this.state.save()
    this.#savedAt = this.context.now()
  }

  /**
   * Saves while the tracker runs. A failure is reported once, until it ends or its message changes.
   */
  async saveOrTell(): Promise<void> {
    const { warn, onError } = this.context
    try {
      await this.save()
    } catch (error) {
      this.#failures += 1
      const problem = error instanceof BtkitError ? error.message : null
      if (problem === null || problem !== this.#problem) onError(error)
      this.#problem = problem
      return
    }
    if (this.#problem !== null) warn(`${this.path}: saving the state works again`)
    this.#problem = null
  }
}
