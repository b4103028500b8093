import { setImmediate } from 'node:timers/promises'
import type { FailedFile } from '../core/edit/files.js'
import { torrentsAt } from '../core/find-torrents.js'
import { parseTorrent, readTorrent as readFile } from '../core/read-torrent.js'
import { BtkitError, refuseAborted } from '../base/errors.js'
import { DEFAULT_MAX_SIZE } from '../metainfo/bencode/check.js'
import { type Finding, lintMetainfo } from '../metainfo/lint/metainfo.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import {
  summarize,
  torrentFacts,
  type SummarizedTorrent,
  type TorrentSummary,
} from '../metainfo/summary.js'
import { requirePaths } from '../base/require.js'

/** A torrent: the path of a .torrent, its bytes, or what parseMetainfo returned. */
export type TorrentInput = string | Uint8Array | Metainfo

/** Options for reading a torrent. */
export interface ReadOptions {
  /** Maximum bytes of the .torrent (default: 64 MiB). */
  readonly maxSize?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/**
 * Reads and checks a torrent.
 * @throws BtkitError `not-found`, `not-permitted`, `io`, `too-large`; `bencode` or `metainfo` for a
 *   file that is no valid torrent
 */
export async function readTorrent(
  torrent: TorrentInput,
  options: ReadOptions = {},
): Promise<Metainfo> {
  await Promise.resolve()
  refuseAborted(options.signal)
  return readInput(torrent, options)
}

/**
 * Reads a torrent and finds what is wrong or unwise in it.
 * @throws BtkitError as readTorrent
 */
export async function lintTorrent(
  torrent: TorrentInput,
  options: ReadOptions = {},
): Promise<Finding[]> {
  return lintMetainfo(await readTorrent(torrent, options))
}

/** Returns the metainfo of an input. */
export function readInput(torrent: TorrentInput, { maxSize = DEFAULT_MAX_SIZE }: ReadOptions) {
  if (typeof torrent === 'string') {
    return readFile(torrent, maxSize)
  }
  if (torrent instanceof Uint8Array) return parseTorrent(torrent, 'torrent', maxSize)
  // A program in JavaScript may give anything
  if (Array.isArray((torrent as Partial<Metainfo> | null | undefined)?.files)) return torrent
  throw new BtkitError('usage', 'torrent: neither a path, nor bytes, nor metainfo')
}

/** Returns the name of an input in errors and reports. */
export function labelOf(torrent: TorrentInput, { name }: Metainfo): string {
  return typeof torrent === 'string' ? torrent : name
}

/** The sums of a collection of torrents. */
export interface CollectionReport extends TorrentSummary {
  /** Torrents that cannot be read, and directories that cannot be or have no torrents. */
  readonly failures: readonly FailedFile[]
}

/**
 * Counts torrents, and their files, sizes, trackers, versions and piece lengths. `places` are
 * .torrent files, and directories with such files in them and below.
 * @throws BtkitError `interrupted`
 */
export async function summarizeTorrents(
  places: readonly string[],
  options: ReadOptions = {},
): Promise<CollectionReport> {
  requirePaths(places, 'places')
  const { torrents, failures: unlisted } = await torrentsAt(places, '')
  const failures = [...unlisted].map(failed)
  const facts: SummarizedTorrent[] = []
  for (const torrent of torrents) {
    await setImmediate()
    refuseAborted(options.signal)
    try {
      facts.push(torrentFacts(readInput(torrent, options)))
    } catch (error) {
      failures.push(failed([torrent, error]))
    }
  }
  return { ...summarize(facts), failures }
}

function failed([file, error]: [string, unknown]): FailedFile {
  return { file, error: error instanceof Error ? error : new Error(String(error)) }
}
