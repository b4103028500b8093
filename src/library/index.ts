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
export { completeDirectories, type CompleteOptions } from './complete.js'
export { editFiles, type EditOptions } from './edit.js'
export type { StreamedBytes, StreamedContent, StreamedFile } from './make-from-streams.js'
export { makeTorrent } from './make.js'
export { planTorrent, type PlannedTorrent } from './plan.js'
export { lintTorrent, readTorrent, type ReadOptions, type TorrentInput } from './read.js'
export type { Progress, Task, TaskOptions } from './task.js'
export type { FileOptions, MadeTorrent, MakeOptions, TorrentOptions } from './torrent-options.js'
export { verifyTorrent, type VerifyOptions } from './verify.js'
export type { WorkOptions } from './work.js'
export type { CacheReport, PruneReport } from '../core/cache/prune.js'
export type { CompleteReport } from '../core/complete/complete-report.js'
export type { EditedFile } from '../core/edit/file.js'
export type { EditOutcome, FailedFile } from '../core/edit/files.js'
export type { VerifiedFile, VerifyReport } from '../core/verify/verify-report.js'
