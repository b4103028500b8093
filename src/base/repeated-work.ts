import { BtkitError } from './errors.js'

/**
 * Work that is repeated in the background. A failure is reported once, and its end once.
 */
export class RepeatedWork {
  /** The last reported failure; null since the work succeeded. */
  #problem: string | null = null

  constructor(
    private readonly act: () => Promise<void>,
    /** The words at the end of a failure. */
    private readonly whenOver: string,
    private readonly world: {
      readonly warn: (message: string) => void
      readonly onError: (error: unknown) => void
    },
  ) {}

  /** Does the work, and returns whether it succeeded. Does not reject. */
  async run(): Promise<boolean> {
    try {
      await this.act()
    } catch (error) {
      const problem = error instanceof BtkitError ? error.message : null
      if (problem === null || problem !== this.#problem) this.world.onError(error)
      this.#problem = problem
      return false
    }
    if (this.#problem !== null) this.world.warn(this.whenOver)
    this.#problem = null
    return true
  }
}
