// `btkit/metainfo`: torrents as values. No disk, no network; works in browsers and workers.
export { BtkitError, type ErrorCode } from '../base/errors.js'
export { encodeBencode } from '../metainfo/bencode/encode.js'
export { type BencodeLimits } from '../metainfo/bencode/check.js'
export { readBencode, type BencodeReading } from '../metainfo/bencode/read.js'
export type { BencodeDict, BencodeValue, Span } from '../metainfo/bencode/value.js'
export {
  buildInfo,
  encodePieceLayers,
  type InfoFile,
  type InfoParts,
  type PieceLayers,
} from '../metainfo/build/info.js'
export { buildTorrent, type TorrentCore, type TorrentParts } from '../metainfo/build/torrent.js'
export { isSameSwarm, swarmDifferences, type SwarmDifference } from '../metainfo/compare-swarms.js'
export { infoHashesOf } from '../metainfo/metainfo.js'
export type { DhtNode, InfoHash, InfoHashes, InfoHashV2, PieceLength } from '../metainfo/values.js'
export type { TrackerReplacement } from '../metainfo/edit/trackers.js'
export type { LintRule, Severity } from '../metainfo/lint/finding.js'
export { type Finding, type LintCode, LINT_CODES, lintMetainfo } from '../metainfo/lint/metainfo.js'
export {
  magnetLink,
  parseFileRanges,
  type FileRange,
  type MagnetSource,
} from '../metainfo/magnet.js'
export {
  contentSize,
  type LayerState,
  type Metainfo,
  type MetainfoFile,
  type MetainfoVersion,
  type TreeFile,
} from '../metainfo/metainfo.js'
export { parseMagnet, type MagnetLink } from '../metainfo/magnet.js'
export { parseMetainfo, type ParseOptions } from '../metainfo/parse/metainfo.js'
export type { UnsafePath, UnsafeReason } from '../metainfo/parse/unsafe-path.js'
export { automaticPieceLength } from '../metainfo/piece-length.js'
export type { Share, TorrentSummary } from '../metainfo/summary.js'
export type { Warning, WarningCode } from '../metainfo/warning.js'
export { editTorrent, type TorrentChanges } from './changes.js'
export type { TrackerTiers } from '../metainfo/trackers.js'
