/** The most warnings of one kind that are kept. */
export const MAX_WARNINGS_OF_A_KIND = 50
/** Codes of faults that do not prevent reading metainfo. */
export type WarningCode =
  | 'trailing-space' // white space after the end of the metainfo
  | 'unsorted-keys' // a dictionary whose keys are not in byte order
  | 'ignored-value' // an invalid optional value, which is ignored
  | 'not-utf8' // text that is not UTF-8, shown with replacement characters
  | 'unsafe-path' // a path that no program may create
  | 'backslash-path' // a path with another meaning on Windows
  | 'no-content' // a torrent of zero bytes
  | 'pad-without-path' // a pad file without a path
  | 'layer-missing' // a file of a v2 torrent without its piece layer
  | 'layer-wrong' // a piece layer that does not match the pieces root of its file
  | 'layer-unneeded' // a piece layer that no file needs

/** A fault to report. The message is a single line, safe to print. */
export interface Warning {
  readonly code: WarningCode
  readonly message: string
}

/**
 * Collects warnings. A hostile file can cause millions, so only the first fifty of each kind are
 * kept, and the rest are counted.
 */
export class WarningList {
  readonly #warnings: Warning[] = []
  /** Created with the first warning, because most torrents have none. */
  #counts: Map<WarningCode, number> | null = null

  /** Adds a warning. `describe` is called only if the warning is kept. */
  add(code: WarningCode, describe: () => string): void {
    this.#counts ??= new Map()
    const count = (this.#counts.get(code) ?? 0) + 1
    this.#counts.set(code, count)
    if (count <= MAX_WARNINGS_OF_A_KIND) this.#warnings.push({ code, message: describe() })
  }

  /** Returns the warnings in order, followed by a line for each kind that has more. */
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
