/** Status of a refusal: 400 and 405 for invalid requests, 200 for valid ones that are refused. */
type RefusalStatus = 200 | 400 | 405

/** Refuses a request; the message is sent to the client. */
export class TrackerRefusal extends Error {
  override readonly name = 'TrackerRefusal'

  constructor(
    readonly status: RefusalStatus,
    message: string,
    /** Minutes after which the client may ask again (BEP 31); null if it decides. */
    readonly retryIn: number | null = null,
  ) {
    super(message)
  }
}

/** Refuses a torrent that is not tracked, or not yet. */
export class UnknownTorrent extends TrackerRefusal {}

/** The refusal of a request that breaks the protocol. */
export function malformed(message: string): TrackerRefusal {
  return new TrackerRefusal(400, message)
}
