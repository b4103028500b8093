import { sameFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { keyOf, type Readiness, type ReadyTorrent, type WarmFile } from './warm-file.js'

/** Files that are kept at most, about 300 bytes of memory each. */
export const MAX_FILES = 1_000_000

/** The files that match the patterns, as they were last seen, and how many are how far. */
export class WarmFiles {
  readonly #files = new Map<string, WarmFile>()
  readonly #counts: Record<Readiness, number> = { ready: 0, waiting: 0, failed: 0 }
  #version = 0

  get size(): number {
    return this.#files.size
  }

  get counts(): Readonly<Record<Readiness, number>> {
    return this.#counts
  }

  /** Another number for each change of what is ready. */
  get version(): number {
    return this.#version
  }

  get(path: readonly string[]): WarmFile | undefined {
    return this.#files.get(keyOf(path))
  }

  /** Notes what was seen of a file. Returns whether it is new or another than before, or failed. */
  note({ path, fingerprint }: ScannedFile): boolean {
    const known = this.get(path)
    if (known && known.readiness !== 'failed' && sameFingerprint(known.fingerprint, fingerprint)) {
      return false
    }
    this.forget(path)
    const file: WarmFile = { path, fingerprint, readiness: 'waiting', torrent: null }
    this.#files.set(keyOf(path), file)
    this.#counts.waiting++
    return true
  }

  /** Notes how far a file is now. */
  settle(file: WarmFile, readiness: Readiness, torrent: ReadyTorrent | null = null): void {
    // It may be another by now
    if (this.get(file.path) !== file) return
    if (readiness === 'ready' || file.readiness === 'ready') this.#version++
    this.#counts[file.readiness]--
    this.#counts[readiness]++
    file.readiness = readiness
    file.torrent = torrent
  }

  forget(path: readonly string[]): void {
    const known = this.get(path)
    if (!known) return
    if (known.readiness === 'ready') this.#version++
    this.#counts[known.readiness]--
    this.#files.delete(keyOf(path))
  }

  values(): Iterable<WarmFile> {
    return this.#files.values()
  }

  /** Those of the latest modification times among the files that are ready, the latest first. */
  newest(count: number): WarmFile[] {
    const newest: WarmFile[] = []
    for (const file of this.#files.values()) {
      if (file.readiness !== 'ready') continue
      const last = newest[count - 1]
      if (last && timeOf(file) <= timeOf(last)) continue
      const place = newest.findIndex((other) => timeOf(other) < timeOf(file))
      newest.splice(place < 0 ? newest.length : place, 0, file)
      newest.length = Math.min(newest.length, count)
    }
    return newest
  }
}

function timeOf({ fingerprint }: WarmFile): bigint {
  return fingerprint.mtimeNs
}
