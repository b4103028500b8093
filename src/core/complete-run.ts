import type { Writer } from '../files/write-many.js'
import type { CompleteReport } from './complete-report.js'
import type { CompleteRequest } from './complete-request.js'
import type { Means } from './hash-content.js'

/** A run of completedir. */
export interface CompleteRun {
  readonly request: CompleteRequest
  readonly means: Means
  /** A digest of all that its torrents depend on beside their content. */
  readonly options: Uint8Array
  readonly trust: Means['memory']['trust']
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
