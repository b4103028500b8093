import type { FileState } from '../files/scanned-file.js'
import { FileColumns } from '../files/columns.js'
import { findChanged } from '../files/look-again.js'

/** About how many files are looked at in one round. */
const LOOKED_AT = 10_000

/** The torrents that are seeded, by a key of each. */
interface SeededData {
  readonly keys: () => Iterable<string>
  /** The files of a torrent's data, null for each without bytes; undefined if it is not seeded. */
  readonly filesOf: (key: string) => readonly (FileState | null)[] | undefined
  readonly drop: (key: string) => void
}

/**
 * Drops torrents whose data changed, before a peer asks for it. Each call looks at some of them: a
 * million files take seconds.
 */
export class DataRounds {
  /** The torrents of this round, the next one last. */
  #left: string[] = []

  constructor(private readonly data: SeededData) {}

  async look(): Promise<void> {
    const { keys, filesOf, drop } = this.data
    if (this.#left.length === 0) this.#left = [...keys()].reverse()
    for (let left = LOOKED_AT; left > 0;) {
      const key = this.#left.pop()
      if (key === undefined) return
      const files = filesOf(key)
      left -= 1 + (files?.length ?? 0)
      const states = files && FileColumns.ofStates(files.filter((file) => file !== null))
      if (!states || !(await findChanged(states))) continue
      // It may have been withdrawn meanwhile, or another torrent has its place
      if (filesOf(key) === files) drop(key)
    }
  }
}
