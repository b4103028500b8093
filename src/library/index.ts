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
  withdrawTorrents,
  type ClientOptions,
  type PublishOptions,
} from './clients.js'
export { completeDirectories, type CompleteOptions } from './complete.js'
export { convertTorrent, type ConvertOptions } from './convert.js'
export { editFiles, type EditOptions } from './edit.js'
export { findData, type FindOptions, type FoundData } from './find.js'
export type { StreamedBytes, StreamedContent, StreamedFile } from './make-from-streams.js'
export { makeTorrent } from './make.js'
export { planTorrent, type PlannedTorrent } from './plan.js'
export { lintTorrent, readTorrent, type ReadOptions, type TorrentInput } from './read.js'
export { scrapeTorrents, type ScrapeOptions } from './scrape.js'
export { summarizeTorrents, type CollectionReport } from './summarize.js'
export type { Progress, Task, TaskOptions } from './task.js'
export type { FileOptions, MadeTorrent, MakeOptions, TorrentOptions } from './torrent-options.js'
export { verifyTorrent, type VerifyOptions } from './verify.js'
export { verifyCache, type VerifyCacheOptions } from './verify-cache.js'
export type { WorkOptions } from './work.js'
export type { TrackerAnswer } from '../clients/scrape/ask-trackers.js'
export type { ScrapedCounts } from '../clients/scrape/swarm-counts.js'
export type { CacheReport, PruneReport } from '../core/cache/prune.js'
export type { CacheCheck } from '../core/cache/verify.js'
export type { ChecksumName } from '../core/checksums/list.js'
export type { CompleteReport } from '../core/complete/complete-report.js'
export type { Conversion } from '../core/convert/convert-torrent.js'
export type { CacheTrust } from '../core/digests/cache-trust.js'
export type { FileOrder } from '../core/digests/sort-files.js'
export type { EditedFile } from '../core/edit/file.js'
export type { EditOutcome, FailedFile } from '../core/edit/files.js'
export type { FoundDatum } from '../core/find/find-data.js'
export type { ClientTorrent, ClientTorrentState } from '../core/publish/client.js'
export type { DataPrefix } from '../core/publish/data-prefix.js'
export type { PublishOutcome } from '../core/publish/publish.js'
export type { WithdrawOutcome } from '../core/publish/withdraw.js'
export type { VerifiedFile, VerifyReport } from '../core/verify/verify-report.js'
export type { LinkPolicy } from '../files/scan/scanned-tree.js'
