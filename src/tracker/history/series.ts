import { RINGS, SLOTS } from './periods.js'

/** Counts of a swarm, or of all. `downloaded` counts completed downloads since the beginning. */
export interface Counts {
  readonly complete: number
  readonly downloading: number
  readonly downloaded: number
}

/** Numbers per slot: seeds, downloaders, completed downloads. */
export const FIELDS = 3

/** Samples over which the business of a torrent is averaged: a day. */
const MEMORY = 360

/** The counts of one torrent in all slots: 10 KB. NaN stands for a missing count. */
export class Series {
  readonly values = new Float32Array(FIELDS * SLOTS).fill(NaN)
  /** Samples in the latest slot of each period. */
  readonly samples = new Float64Array(RINGS.length)
  /** Completed downloads at the last sample; NaN before the first. */
  downloaded = NaN

  constructor(
    /** The average number of peers over about a day. */
    public business: number,
  ) {}

  /** Adds a sample. `places` has the current slot of each period. */
  note({ complete, downloading, downloaded }: Counts, places: readonly number[]): void {
    // A lower count than before comes from a lost state
    const completed = downloaded > this.downloaded ? downloaded - this.downloaded : 0
    this.downloaded = downloaded
    this.business += (complete + downloading - this.business) / MEMORY
    places.forEach((place, ring) => {
      const samples = (this.samples[ring] ?? 0) + 1
      this.samples[ring] = samples
      this.#average(FIELDS * place, complete, samples)
      this.#average(FIELDS * place + 1, downloading, samples)
      const before = samples === 1 ? 0 : (this.values[FIELDS * place + 2] ?? 0)
      this.values[FIELDS * place + 2] = before + completed
    })
  }

  /** Empties a slot, which is now the latest of its period. */
  begin(place: number, ring: number): void {
    this.values.fill(NaN, FIELDS * place, FIELDS * (place + 1))
    this.samples[ring] = 0
  }

  /** A count in a slot; null if it is missing. */
  read(place: number, field: number): number | null {
    const value = this.values[FIELDS * place + field] ?? NaN
    return Number.isNaN(value) ? null : value
  }

  #average(index: number, value: number, samples: number): void {
    const before = samples === 1 ? value : (this.values[index] ?? value)
    this.values[index] = before + (value - before) / samples
  }
}
