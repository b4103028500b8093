import type { Writer } from '../../files/write/many.js'
import type { CompleteReport } from './report.js'
import type { CompleteRequest } from './request.js'
import type { HashContext } from '../digests/hash-content.js'

/** A run of completedir. */
export interface CompleteRun {
  readonly request: CompleteRequest
  readonly hashContext: HashContext
  /** A digest of all that its torrents depend on beside their content. */
  readonly options: Uint8Array
  readonly trust: HashContext['cacheAccess']['trust']
  readonly writer: Writer
  readonly report: CompleteReport
  readonly watch: CompleteWatch
}

/** Hears how a run gets on. */
export interface CompleteWatch {
  /** Called once, when it is known how many entries there are. */
  readonly begin: (entryCount: number) => Promise<void>
  readonly progress: (progress: CompleteProgress) => void
}

export interface CompleteProgress {
  readonly entriesDone: number
  readonly bytesHashed: number
  readonly currentPath: string
}
