import { textOf } from '../../../base/bytes.js'
import type { ListedColumns } from '../../../disk/file-lists/file-store.js'
import { readNote, writeNote, type NotePlace } from '../../../disk/state/notes.js'
import { LogStamps } from '../../../disk/state/torrent-log.js'
import { InputHash } from '../../digests/input-hash.js'

// Without this file a run over 10,000 unchanged directories would read as many journals, which takes
// four times as long as to list the directories.

/** The entries of a directory, and their bytes. */
type Unchanged = readonly [entries: number, bytes: number]

/** Bytes of a digest that suffice to distinguish all that was seen of directories. */
const KEY = 18

/**
 * The directories in which a run found nothing to do, by all that this depends on: the options, the
 * listings of the directory and of its target, and the state of the journal. In a note of the runs
 * over a tree, which may be lost at any time.
 */
export class UnchangedDirectories {
  readonly #known: ReadonlyMap<string, Unchanged>
  readonly #kept = new Map<string, Unchanged>()
  readonly #hash = new InputHash()
  readonly #stamps: LogStamps
  #isNew = false

  /** `base` is a text of all that the directories of the runs share. */
  constructor(
    private readonly note: NotePlace,
    private readonly base: string,
  ) {
    this.#known = new Map(Object.entries((readNote(note) ?? {}) as Record<string, Unchanged>))
    this.#stamps = new LogStamps(note.stateDirectory)
  }

  /** Returns a digest of a listing. */
  digest(listing: ListedColumns): Uint8Array {
    this.#addListing(listing)
    return this.#hash.digest()
  }

  /**
   * Returns the key of what was seen of a directory; null if btkit has no record of its torrents.
   * `target` is the real path of the directory of its torrents, and `listed` the digest of its
   * listing, unless that is the same one.
   */
  keyOf(directory: string, listing: ListedColumns, target: string, listed: Uint8Array | null) {
    const stamp = this.#stamps.of(target)
    if (stamp === null) return null
    this.#hash.text(JSON.stringify([this.base, directory, stamp]))
    if (listed) this.#hash.bytes(listed)
    return textOf(this.digest(listing).subarray(0, KEY), 'base64')
  }

  #addListing({ names, table }: ListedColumns): void {
    this.#hash.bytes(names.used)
    this.#hash.bytes(table.bytes)
  }

  /** Returns what is known of a directory with this key; null if it must be looked at. */
  recall(key: string | null): Unchanged | null {
    const found = key === null ? undefined : this.#known.get(key)
    if (key === null || !isUnchanged(found)) return null
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
