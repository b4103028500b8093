import { NotReady } from '../../server/answers/refusal.js'
import type { ProgressStatus } from './progress.js'

/** A torrent that is being made: how far it is, for those who show it to people. */
export class UnderWay extends NotReady {
  constructor(
    message: string,
    retryAfter: number,
    /** Null while its files are looked at. */
    readonly progress: ProgressStatus | null,
  ) {
    super(message, retryAfter)
  }
}
