import type { SwarmRow } from './swarm-row.js'

/** Milliseconds between samples. */
export const SAMPLE_INTERVAL = 15 * 60_000

/** Number of samples kept per torrent: one day. */
export const SAMPLES = 96

/** The most torrents with a history. Each takes 384 bytes. */
const MAX_TORRENTS = 10_000

/** Stands for a missing sample. Larger counts are stored as one less. */
const UNKNOWN = 0xffff

/** Counts of a swarm at one time; null if no sample was taken. */
export interface HistorySample {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly complete: number | null
  readonly downloading: number | null
}

/** Keeps the number of seeds and downloaders of each torrent over the last day. */
export class History {
  #counts = new Map<string, Uint16Array>()
  #last = 0

  /** Records the current counts. `at` is in milliseconds since 1970. */
  note(rows: readonly SwarmRow[], at: number): void {
    const slot = Math.floor(at / SAMPLE_INTERVAL)
    const counts = new Map<string, Uint16Array>()
    for (const { infoHash, complete, downloading } of rows) {
      if (counts.size === MAX_TORRENTS) break
      if (complete + downloading === 0 && !this.#counts.has(infoHash)) continue
      const samples = this.#counts.get(infoHash) ?? new Uint16Array(2 * SAMPLES).fill(UNKNOWN)
      this.#clearSkipped(samples, slot)
      const position = 2 * (slot % SAMPLES)
      samples[position] = Math.min(complete, UNKNOWN - 1)
      samples[position + 1] = Math.min(downloading, UNKNOWN - 1)
      counts.set(infoHash, samples)
    }
    this.#counts = counts
    this.#last = slot
  }

  /** The samples of a torrent, oldest first; null if there are none. */
  of(infoHash: string): HistorySample[] | null {
    const samples = this.#counts.get(infoHash)
    if (!samples) return null
    return Array.from({ length: SAMPLES }, (_, i) => {
      const slot = this.#last - SAMPLES + 1 + i
      const position = 2 * (((slot % SAMPLES) + SAMPLES) % SAMPLES)
      const value = (index: number) => {
        const count = samples[index] ?? UNKNOWN
        return count === UNKNOWN ? null : count
      }
      const [complete, downloading] = [value(position), value(position + 1)]
      return { at: slot * SAMPLE_INTERVAL, complete, downloading }
    })
  }

  /** Marks the slots between the last sample and this one as missing. */
  #clearSkipped(samples: Uint16Array, slot: number): void {
    for (let skipped = Math.max(this.#last + 1, slot - SAMPLES); skipped < slot; skipped++) {
      samples.fill(UNKNOWN, 2 * (skipped % SAMPLES), 2 * (skipped % SAMPLES) + 2)
    }
  }
}
