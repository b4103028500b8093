import type { Writer } from '../../files/write/many.js'
import type { HashProgress } from '../../hash/jobs/job.js'
import type { ChecksumName } from '../checksums/list.js'
import type { LazyAccess } from '../cache/access.js'
import type { HashContext } from '../digests/hash-content.js'
import type { MakeRequest } from '../make/make-torrent.js'
import type { SyncClient } from '../publish/sync.js'
import type { ExistingRules } from './info-rules.js'
import type { CompleteReport } from './report.js'

/** What completedir is asked to do. */
export interface CompleteRequest {
  /** The directories whose entries get torrents. */
  readonly directories: readonly string[]
  /** Where the torrents go; null: beside the entries. */
  readonly target: string | null
  /** All that the torrents have in common. */
  readonly common: CommonRequest
  /** The lists of checksums that are to stand beside each torrent. */
  readonly checksums: readonly ChecksumName[]
  /** Remove torrents whose source is gone: never, or not for empty directories, or always. */
  readonly prune: 'never' | 'careful' | 'always'
  /** Decides about torrents that are there. */
  readonly existing: ExistingRules
  /** Take over torrents that btkit did not write, where they are of the content as it is. */
  readonly adopt: boolean
  /** Replace torrents that btkit did not write, and those that were edited. */
  readonly force: boolean
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean
  /** How long to wait for another run on the same target, in seconds. */
  readonly waitSeconds: number
  /** Bytes that the cache may take up after it; null for any number. */
  readonly cacheMaxSize: number | null
  /** Leave entries alone that changed less than so many seconds ago. */
  readonly minAgeSeconds: number
  /** The clients that are to seed the torrents. */
  readonly publish: readonly SyncClient[]
}

export type CommonRequest = Omit<MakeRequest, 'source' | 'name' | 'torrent'>

/** What a run works with beside the hash engine and the piece cache. */
export interface CompleteContext extends HashContext {
  readonly state: StateAccess
  /** What opens the piece cache when it is first wanted; absent for one that is open. */
  readonly lazyCache?: LazyAccess['lazyCache']
}

/** Where it is kept which torrents btkit wrote. */
export interface StateAccess {
  readonly directory: string
  /** The digest of the built program: another one may decide otherwise. */
  readonly program: string
  /** Hears when something there is damaged. */
  readonly warn: (message: string) => void
}

/** A run of completedir. */
export interface CompleteRun {
  readonly request: CompleteRequest
  readonly hashContext: CompleteContext
  /** A digest of all that its torrents depend on beside their content. */
  readonly options: Uint8Array
  /** Tells by its real path whether a file is a torrent or list of completedir's own. */
  readonly isOwnFile: (path: string) => boolean
  readonly writer: Writer
  readonly report: CompleteReport
  readonly watch: CompleteWatch
}

/** Hears how a run gets on. */
export interface CompleteWatch {
  /** Whether anybody does: to tell the total, directories are looked at once more. */
  readonly isSeen: boolean
  /** Called once, when it is known how many bytes are to be hashed. */
  readonly begin: (totalBytes: number) => Promise<void>
  /** Hears of the bytes hashed by the whole run. */
  readonly progress: (progress: HashProgress) => void
}
