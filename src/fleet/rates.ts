import { formatBytes } from '../text/quantity.js'

/** Milliseconds over which rates are computed. */
const WINDOW_MS = 5000

/** The rates at which workers hash. */
export class WorkerRates {
  readonly #now: () => number
  /** For each worker: bytes and when they were reported, in order. */
  readonly #reports = new Map<string, { readonly at: number; readonly bytes: number }[]>()

  /** `now` is in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Notes that a worker has hashed some more bytes. */
  note(worker: string, bytes: number): void {
    const known = this.#reports.get(worker) ?? []
    known.push({ at: this.#now(), bytes })
    this.#reports.set(worker, known)
  }

  /** Lists the workers of the last seconds with their rates, by name. */
  describe(): string {
    const since = this.#now() - WINDOW_MS
    for (const [worker, reports] of this.#reports) {
      const recent = reports.filter(({ at }) => at > since)
      if (recent.length > 0) this.#reports.set(worker, recent)
      else this.#reports.delete(worker)
    }
    const names = [...this.#reports.keys()].sort()
    return names.map((name) => `${name} ${formatBytes(this.#rateOf(name))}/s`).join(', ')
  }

  #rateOf(worker: string): number {
    const reports = this.#reports.get(worker) ?? []
    const bytes = reports.reduce((sum, each) => sum + each.bytes, 0)
    const first = reports[0]?.at ?? 0
    return (1000 * bytes) / Math.max(1000, Math.min(WINDOW_MS, this.#now() - first))
  }
}
