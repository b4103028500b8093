/** Clocks and callbacks for the parts of a server; each part names the fields it needs. */
export interface ServerContext {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that is never set back, to measure ages. */
  readonly monotonic: () => number
  /** Receives warnings for the operator; work goes on. */
  readonly warn: (message: string) => void
  /** Receives internal errors of the server. */
  readonly onError: (error: unknown) => void
}
