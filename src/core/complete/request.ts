import type { MakeRequest } from '../make/make-torrent.js'

/** What completedir is asked to do. */
export interface CompleteRequest {
  /** The directories whose entries get torrents. */
  readonly directories: readonly string[]
  /** Where the torrents go; null: beside the entries. */
  readonly target: string | null
  /** All that the torrents have in common. */
  readonly common: CommonRequest
  /** Remove torrents whose source is gone: never, or not for empty directories, or always. */
  readonly prune: 'never' | 'careful' | 'always'
  /** Replace torrents that are not btkit's own as well. */
  readonly force: boolean
  /** Say what would be done, and do nothing. */
  readonly dryRun: boolean
  /** How long to wait for another run on the same target, in seconds. */
  readonly waitSeconds: number
}

export type CommonRequest = Omit<MakeRequest, 'source' | 'name' | 'torrent'>
