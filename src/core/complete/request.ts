import type { Writer } from '../../disk/write/many.js'
import type { HashProgress } from '../../disk/hash/jobs/job.js'
import type { ChecksumName } from '../checksums/list.js'
import type { ChecksumContext } from '../checksums/obtain.js'
import type { HashContext } from '../digests/hash-content.js'
import type { Skipped } from '../digests/skipped.js'
import type { CommonRequest } from '../make/make-torrent.js'
import type { SyncClient } from '../keep-seeded/client-target.js'
import type { RunClient } from '../keep-seeded/sync.js'
import type { FailedDisks } from './target/failed-disks.js'
import type { RemotePlace } from './target/remote-place.js'
import type { Change, CompleteReport, InfoRule, ListPaths } from './report.js'

/** The request for a completedir run. */
export interface CompleteRequest {
  /** The directories whose entries get torrents. */
  readonly directories: readonly string[]
  /** The directory for the torrents; null for beside the entries. */
  readonly target: string | null
  /** Names of the only entries to look at; absent for all. */
  readonly entries?: readonly string[] | undefined
  /** The options that all torrents share. */
  readonly common: CommonRequest
  /** The lists of checksums to write beside each torrent. */
  readonly checksums: readonly ChecksumName[]
  /**
   * When to remove torrents whose source no longer exists: never, not for empty directories, or
   * always.
   */
  readonly prune: 'never' | 'careful' | 'always'
  /** Decides what a run changes in btkit's torrents while their content is unchanged. */
  readonly existing: {
    /** The rules that the command line names: torrents that follow other rules are remade. */
    readonly asked: readonly InfoRule[]
    /** Whether to remake torrents that follow other rules in any case. */
    readonly remake: boolean
    /**
     * Whether torrents keep their trackers, because the command line names neither a tracker nor
     * none.
     */
    readonly keepTrackers: boolean
  }
  /** Adopt foreign torrents that match the current content. */
  readonly adopt: boolean
  /** Replace foreign and edited torrents. */
  readonly force: boolean
  /** Only report what would be done. */
  readonly dryRun: boolean
  /** How long to wait for another run on the same target, in seconds. */
  readonly waitSeconds: number
  /** Leave entries alone that changed less than this many seconds ago. */
  readonly minAgeSeconds: number
  /** The clients to publish the torrents to. */
  readonly publish: readonly SyncClient[]
  /** The feed of the newest torrents, which is no content; absent or null for none. */
  readonly feed?: {
    readonly realPath: string
    readonly requireWritable: () => void
    readonly enter: (newest: readonly DatedTorrent[]) => void
    /** Called if the torrents of a directory are not known, because it could not be read. */
    readonly leave: () => void
    readonly write: (report: CompleteReport) => Promise<void>
  } | null
}

/** A directory whose entries get torrents. */
export interface SourcePlace {
  readonly directory: string
  /** The directory for the torrents. */
  readonly target: string
  /** The entries of a directory of a list at a URL. */
  readonly remote?: RemotePlace
  /** The rules for a directory of a tree; absent for one of the command line. */
  readonly branch?: Branch
}

/** The rules for a directory of a tree. */
interface Branch {
  /** The names that get torrents, sorted by bytes; null if the directory is gone. */
  readonly names: readonly string[] | null
  /** Its real path; null if that must be looked up. */
  readonly realDirectory: string | null
  /** Of its torrents. */
  readonly webSeeds: readonly string[]
}

/** The context of a run: hash engine, piece cache, and the rest. */
export interface CompleteContext extends HashContext, ChecksumContext {
  readonly state: StateAccess
}

/** Access to the records of btkit's torrents. */
export interface StateAccess {
  readonly directory: string
  /** Receives a message if a record is damaged. */
  readonly warn: (message: string) => void
}

/** Objects that all parts of a run share, however many directories it completes. */
export interface SharedRun {
  readonly report: CompleteReport
  readonly watch: CompleteWatch
  readonly clients: readonly RunClient[]
  readonly disks: FailedDisks
}

/** A run of completedir, or its part for directories that are completed together. */
export interface CompleteRun extends SharedRun {
  readonly request: CompleteRequest
  readonly places: readonly SourcePlace[]
  readonly hashContext: CompleteContext
  /** A digest of everything except content that its torrents depend on. */
  readonly options: Uint8Array
  /** Whether a real path is that of a torrent or list of completedir itself. */
  readonly isOwnFile: (path: string) => boolean
}

/** The same while it completes entries. */
export interface WritingRun extends CompleteRun {
  readonly writer: Writer
}

/** Receives the progress of a run. */
export interface CompleteWatch {
  /** Whether progress is displayed. Computing the total needs another pass over the directories. */
  readonly isSeen: boolean
  /** Called once, with the number of bytes to hash. */
  readonly begin: (totalBytes: number) => Promise<void>
  /**
   * Called before each change, which waits for it, with its list in Undelivered; absent in a dry
   * run.
   */
  readonly planned?: ((list: string, change: Change | ListPaths) => Promise<void>) | undefined
  /** Called for each torrent when it is written, with the paths in its entry that it lacks. */
  readonly written?: (
    list: 'created' | 'updated' | 'adopted',
    change: Change,
    leftOut: readonly Skipped[],
  ) => void
  /** Called for each tree, with what systems leave in directories: it gets no torrents. */
  readonly leftovers?: ((root: string, leftOut: readonly Skipped[]) => void) | undefined
  /** Called without pruning, with the number of torrents of a target whose sources are gone. */
  readonly orphans?: ((count: number) => void) | undefined
  /** Called with the bytes hashed by the whole run. */
  readonly progress: (progress: HashProgress) => void
}

/** A torrent that a run made or found current. */
export interface DatedTorrent extends Pick<Change, 'torrent' | 'torrentPath'> {
  /** When it was written, in milliseconds since 1970. */
  readonly time: number
}
