import type { IncomingMessage } from 'node:http'

/** The known parts of a request; for an unreadable one, only its connection. */
export type Asked = Pick<IncomingMessage, 'socket' | 'headers' | 'method' | 'url'>

/** A request and its result. */
export interface Exchange {
  readonly request: Asked
  /** The router's name of its route. */
  readonly route: string
  /** 499 if the client left before there was an answer. */
  readonly status: number
  /** Bytes of the body that the system accepted; for an interrupted answer, accurate to 64 KiB. */
  readonly bytes: number
  readonly milliseconds: number
  /** Whether the system accepted the whole answer. */
  readonly isComplete: boolean
}

/** nginx's status for a client that left without an answer; HTTP has none. */
export const CLIENT_LEFT = 499
