/** How far back a pace looks, in milliseconds. */
const WINDOW = 10_000

/** Milliseconds between two points that are remembered. */
const STEP = 500

/** How much was done by when. */
interface Point {
  readonly amount: number
  readonly at: number
}

/** How fast something grows, by its last seconds. */
export class Pace {
  #points: Point[] = []
  readonly #monotonic: () => number

  /** `monotonic` tells milliseconds on a clock that is never set. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic
  }

  /** Notes how much there is by now. */
  note(amount: number): void {
    const at = this.#monotonic()
    const last = this.#points.at(-1)
    if (last && at - last.at < STEP) return
    const fromHere = this.#points.findLastIndex((point) => at - point.at >= WINDOW)
    this.#points = [...this.#points.slice(Math.max(0, fromHere)), { amount, at }]
  }

  /** What was added a second, when there is so much now; null as long as that can't be told. */
  perSecond(amount: number): number | null {
    const [first] = this.#points
    const passed = first ? this.#monotonic() - first.at : 0
    return first && passed >= STEP ? ((amount - first.amount) * 1000) / passed : null
  }
}
