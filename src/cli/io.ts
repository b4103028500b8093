/** A stream that people or programs read from. */
export interface Output {
  write(chunk: string | Uint8Array): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  /** Calls `act` when a terminal has another size, until `off` is called with the same. */
  on?(event: 'resize', act: () => void): unknown
  off?(event: 'resize', act: () => void): unknown
  /** Bytes that its reader has not taken yet. */
  readonly writableLength?: number
  /** Why writing failed, if it did. */
  readonly errored?: Error | null
}

export type Colour = 'red' | 'yellow' | 'green'

/** Colours text for standard error, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string

/**
 * All that a command uses of the outside, so that a test can run the program in its own process.
 */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>
  /** Data only. */
  readonly stdout: Output
  /** Messages for people: errors, warnings, notes, progress. */
  readonly stderr: Output
  readonly paint: Paint
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether this is the superuser. */
  readonly isRoot: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that never jumps, to measure how much time has passed. */
  readonly monotonic: () => number
  /**
   * Calls `act` on SIGHUP, which otherwise stops the program. For a command that runs on, as serve.
   */
  readonly onHangup: (act: () => void) => void
  /** Calls `act` on SIGUSR1, which is otherwise ignored. For a command that writes a log. */
  readonly onReopen: (act: () => void) => void
  /** Aborts when the user or the system asks to stop. */
  readonly signal: AbortSignal
}
