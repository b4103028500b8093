import { sameFingerprint } from '../../files/fingerprint.js'
import type { ScannedFile } from '../../files/scan/scanned-tree.js'
import { keyOf, type Readiness, type ReadyTorrent, type WarmFile } from './warm-file.js'

/** Most files that are kept; each takes about 300 bytes of memory. */
export const MAX_FILES = 1_000_000

/** The files that match the patterns in their last known state, and their number by readiness. */
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

  /** Changes with each change of the ready files. */
  get version(): number {
    return this.#version
  }

  get(path: readonly string[]): WarmFile | undefined {
    return this.#files.get(keyOf(path))
  }

  /** Records the state of a file. Returns true if it is new, changed, or failed before. */
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

  /** Sets the readiness of a file. */
  setReadiness(file: WarmFile, readiness: Readiness, torrent: ReadyTorrent | null = null): void {
    // The path may have another state by now
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

  /** The ready files with the latest modification times, latest first. */
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
