import { STOPPED, type Step } from './histories.js'

/** The peers that take part, as far as the test knows. */
export class Participants {
  /** When each was heard of last, in seconds, by torrent, host and port. */
  readonly #heard = new Map<string, number>()
  readonly #seeds = new Map<string, Set<string>>()
  /** Peers that timed out and have not come back. */
  readonly #gone = new Set<string>()
  readonly #timeout: number
  #now = 0
  /** How many timed out. */
  timedOut = 0
  /** How many of these announced themselves again. */
  returned = 0

  /** @param timeout seconds after which nothing is known of a peer any more */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  note(step: Step): void {
    const seeds = this.#seedsOf(step.torrent)
    if (step.isSeed && step.event !== STOPPED) seeds.add(placeOf(step))
    else seeds.delete(placeOf(step))
    const key = `${step.torrent} ${placeOf(step)}`
    if (this.#gone.delete(key)) this.returned += 1
    if (step.event === STOPPED) this.#heard.delete(key)
    else this.#heard.set(key, this.#now)
  }

  /** Time passes. */
  advance(seconds: number): void {
    this.#now += seconds
    for (const [key, heard] of this.#heard) {
      if (this.#now - heard < this.#timeout) continue
      this.#heard.delete(key)
      this.#gone.add(key)
      this.timedOut += 1
    }
  }

  /** Whether a peer, as `host:port`, said last that it is a seed. */
  isSeed(torrent: string, peer: string): boolean {
    return this.#seedsOf(torrent).has(peer)
  }

  #seedsOf(torrent: string): Set<string> {
    const known = this.#seeds.get(torrent) ?? new Set()
    this.#seeds.set(torrent, known)
    return known
  }
}

export function placeOf({ host, port }: Pick<Step, 'host' | 'port'>): string {
  return `${host}:${port}`
}
