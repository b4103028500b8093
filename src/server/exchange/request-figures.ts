import type { Sample } from '../../base/text/metrics.js'
import type { Exchange } from './exchanges.js'

/** Upper bounds of the buckets, in seconds. */
const BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60]

/** Counts durations in buckets by their length. */
export class Histogram {
  /** Counts per bucket: the first bound that is not exceeded; the last bucket has no bound. */
  readonly #counts: number[] = new Array<number>(BOUNDS.length + 1).fill(0)
  #seconds = 0

  note(seconds: number): void {
    let bucket = 0
    while (seconds > (BOUNDS[bucket] ?? Infinity)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#seconds += seconds
  }

  /** Samples for Prometheus: each bucket includes the counts of all lower ones. */
  samples(labels: Readonly<Record<string, string>>): Sample[] {
    let count = 0
    const buckets = this.#counts.map((own, i) => {
      count += own
      const le = i < BOUNDS.length ? String(BOUNDS[i]) : '+Inf'
      return { suffix: '_bucket', labels: { ...labels, le }, value: count }
    })
    const sum = { suffix: '_sum', labels, value: this.#seconds }
    return [...buckets, sum, { suffix: '_count', labels, value: count }]
  }
}

/** Counts requests by route and status, their durations, and the bytes sent. */
export class RequestFigures {
  readonly #routes = new Map<string, { statuses: Map<number, number>; durations: Histogram }>()
  #bytes = 0
  #aborted = 0

  /** Bytes of the answers' bodies. */
  get bytes(): number {
    return this.#bytes
  }

  /** Number of incomplete answers. */
  get aborted(): number {
    return this.#aborted
  }

  note({ route, status, bytes, milliseconds, isComplete }: Exchange): void {
    const known = this.#routes.get(route)
    const { statuses, durations } = known ?? {
      statuses: new Map<number, number>(),
      durations: new Histogram(),
    }
    if (!known) this.#routes.set(route, { statuses, durations })
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    durations.note(milliseconds / 1000)
    this.#bytes += bytes
    if (!isComplete) this.#aborted++
  }

  counts(): Sample[] {
    return [...this.#routes].flatMap(([route, { statuses }]) => {
      return [...statuses].map(([code, value]) => ({ labels: { route, code: `${code}` }, value }))
    })
  }

  durations(): Sample[] {
    return [...this.#routes].flatMap(([route, { durations }]) => durations.samples({ route }))
  }
}
