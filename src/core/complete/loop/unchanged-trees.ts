import { sha256, textOf } from '../../../base/bytes.js'
import type { ListedColumns } from '../../../disk/file-lists/file-store.js'
import { readNote, writeNote, type NotePlace } from '../../../disk/state/notes.js'
import { stampsOfLogs } from '../../../disk/state/torrent-log.js'
import { InputHash } from '../../digests/input-hash.js'

// Without this file a run over 10,000 unchanged directories would read as many journals. That takes
// four times as long as listing the directories.

/** The entries of a directory, and their bytes. */
type Unchanged = readonly [entries: number, bytes: number]

/** Bytes of a digest that suffice to distinguish all that was seen of directories. */
const KEY = 18

/** Bytes that are hashed by themselves: from so many on, node:crypto would be loaded. */
const MANY = 8192

/** The state of a directory of sources. */
export interface SeenDirectory {
  /** The real path of the directory of its torrents. */
  readonly target: string
  /** The digest of its listing, and of that of its target. */
  readonly digest: Uint8Array
}

/**
 * The directories in which a run found nothing to do, by all that this depends on: the options, the
 * listings of the directory and of its target, and the state of the journal. In a note of the runs
 * over a tree, which may be lost at any time.
 */
export class UnchangedDirectories {
  readonly #known: ReadonlyMap<string, unknown>
  readonly #kept = new Map<string, Unchanged>()
  readonly #hash = new InputHash()
  #isNew = false

  /** `base` is a text of all that the directories of the runs share. */
  constructor(
    private readonly note: NotePlace,
    private readonly base: string,
  ) {
    this.#known = new Map(Object.entries(readNote(note) ?? {}))
  }

  /** Returns a digest of the listing of a directory, and of a part of what else was seen of it. */
  digest({ names, table }: ListedColumns, place: string, other?: Uint8Array): Uint8Array {
    this.#hash.text(place)
    for (const bytes of other ? [other, names.used, table.bytes] : [names.used, table.bytes])
      this.#hash.bytes(bytes.length < MANY ? bytes : sha256(bytes))
    return this.#hash.digest()
  }

  /**
   * Returns the keys of what was seen of directories; null for one of whose torrents btkit has no
   * record.
   */
  async keysOf(seen: readonly SeenDirectory[]): Promise<(string | null)[]> {
    const { stateDirectory } = this.note
    const stamps = await stampsOfLogs(
      stateDirectory,
      seen.map(({ target }) => target),
    )
    return seen.map(({ digest }, i) => {
      const stamp = stamps?.[i] ?? null
      if (stamp === null) return null
      this.#hash.text(this.base)
      this.#hash.text(stamp)
      this.#hash.bytes(digest)
      return textOf(this.#hash.digest().subarray(0, KEY), 'base64')
    })
  }

  /** Returns what is known of a directory with this key; null if it must be looked at. */
  recall(key: string): Unchanged | null {
    const found = this.#known.get(key)
    if (!isUnchanged(found)) return null
    this.#kept.set(key, found)
    return found
  }

  /** Notes that there was nothing to do in a directory. */
  keep(key: string, unchanged: Unchanged): void {
    this.#kept.set(key, unchanged)
    this.#isNew = true
  }

  /** Writes the note for the next run, if it changed. */
  write(): void {
    if (!this.#isNew && this.#kept.size === this.#known.size) return
    writeNote(this.note, this.#kept.size > 0 ? Object.fromEntries(this.#kept) : null)
  }
}

function isUnchanged(found: unknown): found is Unchanged {
  return Array.isArray(found) && found.length === 2 && found.every(Number.isSafeInteger)
}
