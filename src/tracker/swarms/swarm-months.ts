import type { SwarmMonth } from '../../metainfo/swarm-counts.js'

/** Days that are kept of each swarm: a month. */
export const DAYS = 31

/** The most seeds that a day can have: 16 bits, of which 0 stands for a day that is not known. */
const MOST = 0xfffe

/**
 * The most seeds of each swarm on each day of the last month: 62 bytes a swarm in a column that is
 * allocated once, of which the system provides the pages that are written.
 */
export class SwarmMonths {
  /** One more than the seeds of day `n` at `n % DAYS`; 0 if they are not known. */
  readonly #counts: Uint16Array
  /** Where the swarms end that were ever noted. */
  #end = 0
  /** The last day, since 1970; 0 before the first. */
  #day = 0

  constructor(maxSwarms: number) {
    this.#counts = new Uint16Array(DAYS * (maxSwarms + 1))
  }

  /** Goes to a day. Nothing is known of the days between, nor of later ones of a wrong clock. */
  goTo(day: number): void {
    const first = Math.min(day, this.#day) + 1
    const end = first + Math.min(DAYS, Math.abs(day - this.#day))
    for (let each = first; each < end; each += 1)
      for (let at = each % DAYS; at < this.#end; at += DAYS) this.#counts[at] = 0
    this.#day = day
  }

  /** Notes the seeds that a swarm has now. */
  note(swarm: number, seeds: number, day = this.#day): void {
    const at = DAYS * swarm + (day % DAYS)
    this.#counts[at] = Math.max(this.#counts[at] ?? 0, Math.min(seeds, MOST) + 1)
    this.#end = Math.max(this.#end, DAYS * (swarm + 1))
  }

  of(swarm: number): SwarmMonth | null {
    const seeds = Array.from({ length: DAYS }, (_, i) => {
      const count = this.#counts[DAYS * swarm + ((this.#day + 1 + i) % DAYS)] ?? 0
      return count === 0 ? null : count - 1
    })
    const first = seeds.findIndex((count) => count !== null)
    return first < 0 ? null : { day: this.#day, seeds: seeds.slice(first) }
  }

  /** Takes over the days up to `day` that are of this month. */
  restore(swarm: number, { day, seeds }: SwarmMonth): void {
    if (this.#day === 0) this.#day = day
    for (const [i, count] of seeds.entries()) {
      const each = day - seeds.length + 1 + i
      const isOfMonth = each > this.#day - DAYS && each <= this.#day
      if (count !== null && isOfMonth) this.note(swarm, count, each)
    }
  }

  forget(swarm: number): void {
    this.#counts.fill(0, DAYS * swarm, DAYS * (swarm + 1))
  }
}
