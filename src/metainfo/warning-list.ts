import type { Warning, WarningCode } from './warning.js'

/** The most warnings of one kind that are kept. */
export const MAX_WARNINGS_OF_A_KIND = 50

/**
 * Gathers warnings. A hostile file can cause millions, so of each kind only the first fifty are
 * kept, and the rest are counted.
 */
export class WarningList {
  readonly #warnings: Warning[] = []
  readonly #counts = new Map<WarningCode, number>()

  /** Adds a warning, made by `describe` only if it is kept. */
  add(code: WarningCode, describe: () => string): void {
    const count = (this.#counts.get(code) ?? 0) + 1
    this.#counts.set(code, count)
    if (count <= MAX_WARNINGS_OF_A_KIND) this.#warnings.push({ code, message: describe() })
  }

  /** The warnings in the order in which they came, then a line for each kind that has more. */
  toArray(): Warning[] {
    return [...this.#warnings, ...this.#remainders()]
  }

  #remainders(): Warning[] {
    return [...this.#counts]
      .filter(([, count]) => count > MAX_WARNINGS_OF_A_KIND)
      .map(([code, count]) => ({
        code,
        message: `and ${count - MAX_WARNINGS_OF_A_KIND} more like these (${code})`,
      }))
  }
}
