import { sameFingerprint, type Fingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'

/** A torrent that can be sent at once, with the facts for a feed. */
export interface ReadyTorrent {
  /** Of version 1, in hexadecimal. */
  readonly infoHash: string
  /** Bytes of its `info`. */
  readonly infoLength: number
  /** Bytes of the operator's own torrent; absent for one made on demand. */
  readonly givenLength?: number
  /** Changes whenever the operator's torrents of the file change. */
  readonly stamp: string
}

/** The state of a file: its torrent is cached, or it still has to be prepared, or that failed. */
export type Readiness = 'ready' | 'waiting' | 'failed'

/** A file of the mirror whose torrent is prepared before anybody asks. */
export interface WarmFile {
  /** Its components below the root. */
  readonly path: readonly string[]
  /** Its state when it was last looked up. */
  readonly fingerprint: Fingerprint
  readiness: Readiness
  /** Null unless the file is ready. */
  torrent: ReadyTorrent | null
  /** The last scan that saw the file. */
  seen: number
}

/** Most files that are kept; each takes about 300 bytes of memory. */
export const MAX_FILES = 1_000_000

/** Most files in the list of the newest. */
export const MOST_NEWEST = 100

/** The files that match the patterns in their last known state, and their number by readiness. */
export class WarmFiles {
  readonly #files = new Map<string, WarmFile>()
  readonly #counts: Record<Readiness, number> = { ready: 0, waiting: 0, failed: 0 }
  #newest: WarmFile[] = []
  #version = 0

  get size(): number {
    return this.#files.size
  }

  get counts(): Readonly<Record<Readiness, number>> {
    return this.#counts
  }

  /** Changes with the newest files. */
  get version(): number {
    return this.#version
  }

  /** The ready files with the latest modification times, latest first. */
  get newest(): readonly WarmFile[] {
    return this.#newest
  }

  get(path: readonly string[]): WarmFile | undefined {
    return this.#files.get(keyOf(path))
  }

  /** Records what a scan saw; returns the file if it is new, changed, or failed before. */
  note({ path, fingerprint }: ScannedFile, scan: number): WarmFile | null {
    const known = this.get(path)
    if (known && known.readiness !== 'failed' && sameFingerprint(known.fingerprint, fingerprint)) {
      known.seen = scan
      return null
    }
    this.#forget(path)
    const file: WarmFile = { path, fingerprint, readiness: 'waiting', torrent: null, seen: scan }
    this.#files.set(keyOf(path), file)
    this.#counts.waiting++
    return file
  }

  /** Sets the readiness of a file. */
  setReadiness(file: WarmFile, readiness: Readiness, torrent: ReadyTorrent | null = null): void {
    // The path may have another state by now
    if (this.get(file.path) !== file) return
    this.#counts[file.readiness]--
    this.#counts[readiness]++
    file.readiness = readiness
    file.torrent = torrent
    if (readiness === 'ready' && !this.#newest.includes(file)) this.#enter(file, this.#newest)
    this.#version++
  }

  /** Ends a scan: forgets the files that it did not see, except those that are `kept`. */
  endScan(scan: number, isKept: (file: WarmFile) => boolean): void {
    const newest: WarmFile[] = []
    for (const file of this.#files.values()) {
      if (file.seen !== scan && !isKept(file)) this.#forget(file.path)
      else if (file.readiness === 'ready') this.#enter(file, newest)
    }
    this.#newest = newest
    this.#version++
  }

  values(): Iterable<WarmFile> {
    return this.#files.values()
  }

  /** Enters a ready file in a list of the newest if it belongs there. */
  #enter(file: WarmFile, newest: WarmFile[]): void {
    const last = newest[MOST_NEWEST - 1]
    if (last && timeOf(file) <= timeOf(last)) return
    const place = newest.findIndex((other) => timeOf(other) < timeOf(file))
    newest.splice(place < 0 ? newest.length : place, 0, file)
    newest.length = Math.min(newest.length, MOST_NEWEST)
  }

  #forget(path: readonly string[]): void {
    const known = this.get(path)
    if (!known) return
    this.#counts[known.readiness]--
    this.#files.delete(keyOf(path))
    const place = this.#newest.indexOf(known)
    if (place >= 0) this.#newest.splice(place, 1)
  }
}

/** The key of a path; names contain no slash. */
function keyOf(path: readonly string[]): string {
  return path.join('/')
}

function timeOf({ fingerprint }: WarmFile): bigint {
  return fingerprint.mtimeNs
}
