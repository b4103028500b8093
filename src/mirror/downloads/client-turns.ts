/**
 * Runs tasks with a limit on how many run at a time. Waiting clients have their turns one after the
 * other, so that a client with thousands of tasks does not delay those of another one.
 */
export class ClientTurns {
  /** Waiting tasks by client; the client whose turn is next comes first. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #free: number

  constructor(limit: number) {
    this.#free = limit
  }

  /** Runs a task of a client in its turn, and settles as the task does. */
  async run<T>(client: string | null, work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await this.#turnOf(client ?? '')
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  #turnOf(client: string): Promise<void> {
    const turns = this.#waiting.get(client) ?? []
    this.#waiting.set(client, turns)
    return new Promise((resolve) => turns.push(resolve))
  }

  #next(): void {
    const [first] = this.#waiting
    if (!first) {
      this.#free++
      return
    }
    const [client, turns] = first
    const turn = turns.shift()
    this.#waiting.delete(client)
    if (turns.length > 0) this.#waiting.set(client, turns)
    turn?.()
  }
}
