// `btkit`: torrents of files on disks. Nothing here reads the environment or a configuration.
export * from './metainfo.js'
export {
  Cache,
  clearCache,
  openCache,
  pruneCache,
  summarizeCache,
  type CacheOptions,
  type OpenCacheOptions,
  type PruneOptions,
} from './cache.js'
export {
  listTorrents,
  publishTorrents,
  scrapeTorrents,
  withdrawTorrents,
  type CallOptions,
  type ClientOptions,
  type PublishOptions,
  type ScrapeOptions,
} from './clients.js'
export { completeDirectories, type CompleteOptions } from './complete.js'
export { editFiles, type EditOptions } from './edit.js'
export type { StreamedBytes, StreamedFile } from '../core/make/streamed-file.js'
export type { StreamedContent } from './make-from-streams.js'
export { makeTorrent, planTorrent, type ListedContent, type PlannedTorrent } from './make.js'
export {
  lintTorrent,
  readTorrent,
  summarizeTorrents,
  type CollectionReport,
  type ReadOptions,
  type TorrentInput,
} from './read.js'
export type { Progress, Task, TaskOptions, WorkOptions } from './task.js'
export type { FileOptions, TorrentOptions } from '../core/make/asked.js'
export type { MadeTorrent, MakeOptions, TorrentContent } from './torrent-options.js'
export {
  convertTorrent,
  findData,
  verifyTorrent,
  type ConvertOptions,
  type FindOptions,
  type FoundData,
  type VerifyOptions,
} from './verify.js'
export type { RecordKind } from '../disk/cache/records/record.js'
export type { ClientAddress, ClientKind } from '../seeding/clients/address.js'
export type { ScgiEndpoint } from '../seeding/clients/rtorrent/scgi.js'
export type { TrackerAnswer } from '../seeding/trackers/ask-trackers.js'
export type { ScrapedCounts } from '../seeding/trackers/swarm-counts.js'
export type { CacheReport, PruneReport } from '../disk/cache/prune.js'
export type { ChecksumName } from '../core/checksums/list.js'
export type {
  Change as CompletedTorrent,
  CompleteReport,
  Failure as FailedEntry,
  InfoRule,
  ListPaths,
  ListSkip,
  ListsReport,
  Skip as SkippedEntry,
  SkipReason,
  WrittenList,
} from '../core/complete/report.js'
export type { Conversion } from '../core/convert/convert-torrent.js'
export type { CacheTrust } from '../disk/cache/trust.js'
export type { FileOrder, SortKey } from '../core/digests/sort-files.js'
export type { EditedFile } from '../core/edit/file.js'
export type { TorrentFacts } from '../metainfo/facts.js'
export type { EditOutcome, FailedFile } from '../core/edit/files.js'
export type { FoundDatum } from '../core/find/find-data.js'
export type { PieceFacts, PieceReason } from '../core/make/piece-choice.js'
export type {
  ClientTorrent,
  ClientTorrentState,
  Publication,
  SyncReport,
  Unpublished,
} from '../core/publish/client.js'
export type { DataPrefix } from '../core/publish/local-data.js'
export type { PublishOutcome } from '../core/publish/publish.js'
export type { WithdrawOutcome } from '../core/publish/withdraw.js'
export type { DataPlace as ContentPlace } from '../core/verify/locate.js'
export type { Interval as ByteRange } from '../core/verify/pieces.js'
export type { VerifiedFile, VerifyReport } from '../core/verify/verify-report.js'
export type { LinkPolicy, ScanSkipReason as EntrySkipReason } from '../disk/scan/scanned-tree.js'
