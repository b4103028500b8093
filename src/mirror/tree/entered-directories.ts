import type { Budget } from '../admission/budget.js'
import type { MirrorView } from './mirror.js'

/** What it costs to resolve and open a directory, in names that are looked at. */
const ENTER = 10

/**
 * The same where the pattern led to it before, by other links. Links that lead back to where they are
 * multiply the ways with each component of a pattern, each as costly as it is long.
 */
const ENTER_AGAIN = 2000

/** The directories that one pattern goes into, charged to its budget. */
export class EnteredDirectories {
  readonly #entered = new Set<string>()

  constructor(
    readonly view: MirrorView,
    readonly budget: Budget,
  ) {}

  /**
   * The real path of a directory.
   * @throws Refusal
   */
  async enter(directory: readonly string[]): Promise<string> {
    this.budget.charge('names', ENTER)
    const real = await this.view.directory(directory)
    if (this.#entered.has(real)) this.budget.charge('names', ENTER_AGAIN)
    this.#entered.add(real)
    return real
  }
}
