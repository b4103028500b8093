import type { Warning, WarningCode } from './warning.js'

/** The most warnings of one kind that are kept. */
export const MAX_WARNINGS_OF_A_KIND = 50

/**
 * Gathers warnings. A hostile file can cause millions, so of each kind only the first fifty are
 * kept, and the rest are counted.
 */
export class WarningList {
  readonly #warnings: Warning[] = []
  /** Made with the first warning: most torrents cause none. */
  #counts: Map<WarningCode, number> | null = null

  /** Adds a warning, made by `describe` only if it is kept. */
  add(code: WarningCode, describe: () => string): void {
    this.#counts ??= new Map()
    const count = (this.#counts.get(code) ?? 0) + 1
    this.#counts.set(code, count)
    if (count <= MAX_WARNINGS_OF_A_KIND) this.#warnings.push({ code, message: describe() })
  }

  /** The warnings in the order in which they came, then a line for each kind that has more. */
  toArray(): Warning[] {
    return this.#counts === null ? [] : [...this.#warnings, ...remaindersOf(this.#counts)]
  }
}

function remaindersOf(counts: ReadonlyMap<WarningCode, number>): Warning[] {
  return [...counts]
    .filter(([, count]) => count > MAX_WARNINGS_OF_A_KIND)
    .map(([code, count]) => ({
      code,
      message: `and ${count - MAX_WARNINGS_OF_A_KIND} more like these (${code})`,
    }))
}
