/** Milliseconds that the average covers. */
const WINDOW = 10_000

/** Milliseconds between two remembered points. */
const STEP = 500

/** An amount at a time (milliseconds of the clock). */
interface Point {
  readonly amount: number
  readonly at: number
}

/** The speed of something that grows, averaged over the last seconds. */
export class Pace {
  #points: Point[] = []

  /** `monotonic` returns milliseconds of a clock that is never set. */
  constructor(private readonly monotonic: () => number) {}

  /** Records the current amount. */
  note(amount: number): void {
    const at = this.monotonic()
    const last = this.#points.at(-1)
    if (last && at - last.at < STEP) return
    const fromHere = this.#points.findLastIndex((point) => at - point.at >= WINDOW)
    this.#points = [...this.#points.slice(Math.max(0, fromHere)), { amount, at }]
  }

  /** The increase per second, if the current amount is `amount`; null while it is unknown. */
  perSecond(amount: number): number | null {
    const [first] = this.#points
    const passed = first ? this.monotonic() - first.at : 0
    return first && passed >= STEP ? ((amount - first.amount) * 1000) / passed : null
  }
}
