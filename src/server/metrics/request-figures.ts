import type { Exchange } from '../exchange/exchanges.js'
import { Histogram, type Sample } from './metrics.js'

/** Counts and durations of the requests of one route. */
class RouteFigures {
  readonly statuses = new Map<number, number>()
  readonly durations = new Histogram()
}

/** Counts requests by route and status, their durations, and the bytes sent. */
export class RequestFigures {
  readonly #routes = new Map<string, RouteFigures>()
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
    const figures = this.#of(route)
    figures.statuses.set(status, (figures.statuses.get(status) ?? 0) + 1)
    figures.durations.note(milliseconds / 1000)
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

  #of(route: string): RouteFigures {
    const known = this.#routes.get(route)
    if (known) return known
    const figures = new RouteFigures()
    this.#routes.set(route, figures)
    return figures
  }
}
