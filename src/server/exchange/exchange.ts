import type { IncomingMessage } from 'node:http'

/** What is known of a request. Of one that could not be read that is its connection alone. */
export type Asked = Pick<IncomingMessage, 'socket' | 'headers' | 'method' | 'url'>

/** A request, and what came of it. */
export interface Exchange {
  readonly request: Asked
  /** The route that it took, as the router has it. */
  readonly route: string
  /** 499 when the client left before there was an answer. */
  readonly status: number
  /** Bytes of the answer's body that the system took; of an answer cut short, to 64 KiB. */
  readonly bytes: number
  readonly milliseconds: number
  /** Whether the system took the whole answer. */
  readonly isComplete: boolean
}

/** What nginx calls it when a client leaves without an answer; HTTP has no word for it. */
export const CLIENT_LEFT = 499
