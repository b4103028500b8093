/** What a client does wrong (400), or is not given though it asks rightly (200). */
export type RefusalStatus = 200 | 400 | 405

/** Minutes after which a client may ask again, or never (BEP 31). */
export type RetryIn = number | 'never'

/** An answer that says in words why there is none. */
export class TrackerRefusal extends Error {
  override readonly name = 'TrackerRefusal'

  constructor(
    readonly status: RefusalStatus,
    message: string,
    readonly retryIn: RetryIn | null = null,
  ) {
    super(message)
  }
}

/** Refuses an announce of a torrent that is not tracked, or not yet. */
export class UnknownTorrent extends TrackerRefusal {
  constructor(message: string) {
    super(200, message)
  }
}

/** A request that breaks the protocol. */
export function malformed(message: string): TrackerRefusal {
  return new TrackerRefusal(400, message)
}
