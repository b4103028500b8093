/** Clocks and reports that the parts of a server are given; each part names the fields that it needs. */
export interface ServerContext {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that is never set: what ages are measured by. */
  readonly monotonic: () => number
  /** Receives warnings for the operator; work goes on. */
  readonly warn: (message: string) => void
  /** Receives errors that are the server's own. */
  readonly onError: (error: unknown) => void
}
