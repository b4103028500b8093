/** The most warnings of one kind that are kept. */
export const MAX_WARNINGS_OF_A_KIND = 50
/** Faults in spite of which metainfo can be read, by name. */
export type WarningCode =
  | 'trailing-space' // white space after the end of the metainfo
  | 'unsorted-keys' // a dictionary whose keys are not in byte order
  | 'ignored-value' // an optional value that makes no sense and is left out
  | 'not-utf8' // text that is not UTF-8, shown with replacement characters
  | 'unsafe-path' // a path that no program may write to a disk
  | 'backslash-path' // a path that is another one on Windows
  | 'no-content' // a torrent of zero bytes
  | 'pad-without-path' // a pad file that has no path
  | 'layer-missing' // a file of a v2 torrent without its piece layer
  | 'layer-wrong' // a piece layer that does not lead to the pieces root of its file
  | 'layer-unneeded' // a piece layer of no file, or of one that fills one piece at most

/** A fault to tell people of. The message is a single line, safe to print. */
export interface Warning {
  readonly code: WarningCode
  readonly message: string
}

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
