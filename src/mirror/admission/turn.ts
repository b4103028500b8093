import { NotReady } from '../../server/answers/refusal.js'

/** Work that shares a machine with other work. */
export interface QueuedWork {
  /** How much of it is left, such as bytes: the less, the sooner it is its turn. */
  readonly remaining: () => number
  /** Whom it is for, as far as that is known: who has much in the queue already comes later. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody wants it any more. */
  readonly signal: AbortSignal
}

/** A work's place in a queue, and among those at work for as long as nothing more urgent comes. */
export class Turn {
  readonly work: QueuedWork
  readonly #requeue: (turn: Turn) => Promise<void>
  #onOver: () => void = () => undefined
  #isOver = false
  #isClosed = false
  #running = 0

  /** `requeue` gives the place back, and resolves when there is another. */
  constructor(work: QueuedWork, requeue: (turn: Turn) => Promise<void>) {
    this.work = work
    this.#requeue = requeue
    work.signal.addEventListener('abort', () => {
      this.end()
    })
  }

  /** How many works ran when this turn began, itself included. */
  get running(): number {
    return this.#running
  }

  /** Whether the work is to stop soon, and to wait for its next turn. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Has something done when the turn is over, instead of what was to be done before. */
  onOver(act: () => void): void {
    this.#onOver = act
    if (this.#isOver) act()
  }

  /**
   * Waits for the next turn.
   * @throws the signal's reason when nobody wants the work any more
   */
  async next(): Promise<void> {
    // A part of the work may go on for a moment when another has failed
    if (this.#isClosed) throw new NotReady('the work has ended', 1)
    return this.#requeue(this)
  }

  /** For the queue: the turn begins. */
  begin(running: number): void {
    this.#running = running
    this.#isOver = false
    this.#onOver = () => undefined
  }

  /** For the queue: the work has ended. */
  close(): void {
    this.#isClosed = true
  }

  /** For the queue: the turn is over. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onOver()
  }
}
