import { NotReady } from '../../server/answers/refusal.js'

/** A file that a client reads. */
export interface FileReader {
  /** When the client last accepted bytes of it, in milliseconds of the clock. */
  readAt: number
  /** Ends the download. */
  readonly close: () => void
}

/** Milliseconds after which a reader that accepts nothing makes room for others. */
const STILL = 60_000

/** A client keeps this many files when there are too many. */
const KEPT = 4

/** Most files of a process without a limit of descriptors. */
const MOST = 8192

/** Most open files for a process that may have so many descriptors; null if unknown. */
export function mostOpenFiles(descriptors: number | null): number {
  return descriptors === null ? MOST : Math.max(2, Math.min(MOST, Math.floor(descriptors / 4)))
}

/**
 * Limits the files that downloads have open, so that descriptors remain for new connections. When
 * there are too many, a reader that stands still for a minute is closed, or one of the client that
 * has most.
 */
export class OpenFiles {
  readonly #clients = new Map<string, Set<FileReader>>()
  #count = 0

  constructor(
    private readonly most: number,
    private readonly now = () => performance.now(),
  ) {}

  /**
   * Counts a file of a client until the returned function is called.
   * @throws NotReady if there are too many
   */
  enter(client: string | null, reader: FileReader): () => void {
    const key = client ?? ''
    if (this.#count >= this.most) this.#makeRoom(key)
    const own = this.#clients.get(key) ?? new Set<FileReader>()
    this.#clients.set(key, own.add(reader))
    this.#count++
    return () => {
      this.#leave(key, reader)
    }
  }

  #leave(key: string, reader: FileReader): void {
    const own = this.#clients.get(key)
    if (!own?.delete(reader)) return
    this.#count--
    if (own.size === 0) this.#clients.delete(key)
  }

  #makeRoom(comer: string): void {
    const clients = [...this.#clients]
    const [most] = clients.toSorted(([, a], [, b]) => b.size - a.size)
    const own = this.#clients.get(comer)?.size ?? 0
    const hasMany = most !== undefined && most[1].size > Math.max(KEPT, 2 * own)
    const among = hasMany ? [most] : clients
    const readers = among.flatMap(([key, all]) => [...all].map((reader) => ({ key, reader })))
    const [stillest] = readers.toSorted((a, b) => a.reader.readAt - b.reader.readAt)
    const isStill = stillest && this.now() - stillest.reader.readAt > STILL
    if (!stillest || !(hasMany || isStill))
      throw new NotReady('too many files are downloaded; try again in 5 s', 5)
    this.#leave(stillest.key, stillest.reader)
    stillest.reader.close()
  }
}
