import type { Cache } from '../library/cache.js'
import type { TellProgress } from '../library/task.js'

/** The parts that all work of the thread shares. */
export interface WorkContext {
  /** The piece cache; undefined for none. */
  readonly cache: Cache | undefined
  readonly signal: AbortSignal
  readonly tell: TellProgress
}
