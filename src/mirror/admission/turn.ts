import { NotReady } from '../../server/answers/refusal.js'

/** Work that shares a machine with other work. */
export interface QueuedWork {
  /** How much of the work is left, for example in bytes: the less, the sooner it has its turn. */
  readonly remaining: () => number
  /** The client, if known: a client with much work in the queue comes later. */
  readonly client: string | null
  /** Aborts, with a Refusal as its reason, when nobody wants the work any more. */
  readonly signal: AbortSignal
}

/** The place of a work in a queue. It runs until something more urgent waits. */
export class Turn {
  readonly work: QueuedWork
  readonly #requeue: (turn: Turn) => Promise<void>
  #onOver: () => void = () => undefined
  #isOver = false
  #isClosed = false
  #running = 0
  readonly #end = (): void => {
    this.end()
  }

  /** `requeue` gives the place back and resolves when the work has another. */
  constructor(work: QueuedWork, requeue: (turn: Turn) => Promise<void>) {
    this.work = work
    this.#requeue = requeue
    work.signal.addEventListener('abort', this.#end)
  }

  /** How many works ran when this turn began, including itself. */
  get running(): number {
    return this.#running
  }

  /** Whether the work should stop soon and wait for its next turn. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Sets the function to call when the turn is over; it replaces the one before. */
  onOver(act: () => void): void {
    this.#onOver = act
    if (this.#isOver) act()
  }

  /**
   * Waits for the next turn.
   * @throws the signal's reason if nobody wants the work any more
   */
  async next(): Promise<void> {
    // After one part of the work failed, another may go on for a moment
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
    this.work.signal.removeEventListener('abort', this.#end)
  }

  /** For the queue: the turn is over. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onOver()
  }
}
