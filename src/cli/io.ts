import type { CacheAccess } from '../core/digests/cache-access.js'
import type { CacheRequest } from '../fleet/access.js'
import type { WorkerPool } from '../disk/hash/jobs/worker-pool.js'

/** A stream that people or programs read. */
export interface Output {
  write(chunk: string | Uint8Array): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  /** Calls `act` when the terminal is resized, until `off` is called with it. */
  on?(event: 'resize', act: () => void): unknown
  off?(event: 'resize', act: () => void): unknown
  /** Bytes that the reader has not received yet. */
  readonly writableLength?: number
  /** The error if writing failed. */
  readonly errored?: Error | null
}

/** Colours text for standard error, or returns it unchanged. */
export type Paint = (colour: 'red' | 'yellow' | 'green', text: string) => string

/**
 * A command's whole access to the outside world, so that tests can run the program in their own
 * process.
 */
export interface Io {
  /** A chunk may change when the next one is asked for. */
  readonly stdin: AsyncIterable<Uint8Array>
  /** Asks for a line on the terminal without showing it; absent if standard input is none. */
  readonly askSecret?: ((prompt: string) => Promise<string>) | undefined
  /** Data only. */
  readonly stdout: Output
  /** Messages for people: errors, warnings, notes, progress. */
  readonly stderr: Output
  /** Receives each error that is reported, beside the message for people. */
  readonly onError?: ((error: unknown) => void) | undefined
  readonly paint: Paint
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Whether the user is root. */
  readonly isRoot: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Milliseconds on a clock that never jumps, for measuring durations. */
  readonly monotonic: () => number
  /**
   * Calls `act` on SIGHUP, which otherwise stops the program. For long-running commands such as
   * serve.
   */
  readonly onHangup: (act: () => void) => void
  /** Calls `act` on SIGUSR1, which is otherwise ignored. For commands that write a log. */
  readonly onReopen: (act: () => void) => void
  /** Aborts when the user or the system asks to stop. */
  readonly signal: AbortSignal
  /** Resources that the jobs of a batch share; absent for a single command. */
  readonly shared?: SharedResources
}

/** The reason of `signal` if an error that nobody caught ends the program; it has been reported. */
export const UNCAUGHT = Symbol('an error that nobody caught')

/** Resources that outlive a command, because others use them, too. */
export interface SharedResources {
  readonly pool: WorkerPool
  /** The cache of a request. It is closed when all commands have ended. */
  readonly openCache: (request: CacheRequest) => CacheAccess
  /** Throws for a path that another command wrote. */
  readonly claim: (path: string) => void
}
