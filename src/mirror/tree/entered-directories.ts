import type { Budget } from '../admission/budget.js'
import type { MirrorView } from './mirror.js'

/** Cost of resolving and opening a directory, in names. */
const ENTER = 10

/**
 * Cost of entering a directory that the pattern reached before by other links. Circular links
 * multiply the paths with each component of a pattern, and longer paths cost more.
 */
const ENTER_AGAIN = 2000

/** The directories that one pattern enters, charged to its budget. */
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
