import { NotReady } from '../../server/answers/refusal.js'
import type { ProgressStatus } from './progress.js'

/** A torrent that is being made, with its progress for people. */
export class UnderWay extends NotReady {
  constructor(
    message: string,
    retryAfter: number,
    /** Null while its files are looked up. */
    readonly progress: ProgressStatus | null,
  ) {
    super(message, retryAfter)
  }
}
