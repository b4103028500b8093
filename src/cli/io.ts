/** A stream that people or programs read from. */
export interface Output {
  write(chunk: string | Uint8Array): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  /** Bytes that its reader has not taken yet. */
  readonly writableLength?: number
}

export type Colour = 'red' | 'yellow' | 'green'

/** Colours text for standard error, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string

/** The world as a command sees it, so that a test can run the whole program inside itself. */
export interface Io {
  readonly stdin: AsyncIterable<Uint8Array>
  /** Data only. */
  readonly stdout: Output
  /** Talk: errors, warnings, progress. */
  readonly stderr: Output
  readonly paint: Paint
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether this is the superuser. */
  readonly isRoot: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that is never set: what ages are measured by. */
  readonly monotonic: () => number
  /** Lets a command that runs on take SIGHUP, which stops all others. */
  readonly onHangup: (act: () => void) => void
  /** Lets a command that writes a log take SIGUSR1, which does nothing to all others. */
  readonly onReopen: (act: () => void) => void
  /** Aborts when the user or the system asks to stop. */
  readonly signal: AbortSignal
}
