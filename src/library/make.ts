import {
  baseAddress,
  fetchList,
  namedArrival,
  publicSeed,
  remoteDirectory,
  remoteFile,
  type RemoteContent,
} from '../core/remote/remote-content.js'
import { parseRemoteList } from '../core/remote/remote-list.js'
import { usageError } from '../base/errors.js'
import { openNullCache, type PieceCache } from '../disk/cache/piece-cache.js'
import { checkName } from '../metainfo/name.js'
import { contentUrl } from '../metainfo/trackers.js'
import { type MakeGroup, makeGroup } from '../core/make/make-group.js'
import { accessOf } from './cache.js'
import { makeFromStreams, type StreamedContent } from './make-from-streams.js'
import { startTask, type Task, readingOf } from './task.js'
import {
  describeContent,
  describeMade,
  type MadeTorrent,
  type MakeOptions,
  makeRequestOf,
  type TorrentContent,
} from './torrent-options.js'

/**
 * Files on a server, which a list names as SHA256SUMS does, a Metalink, or a path a line. Checksums
 * of the list are checked.
 */
export interface ListedContent {
  /** The URL of the list, or its bytes. */
  readonly list: string | Uint8Array
  /** The URL of the directory of the files. Bytes need one (default: that of the list). */
  readonly baseUrl?: string | undefined
}

/**
 * Makes a torrent of a file or directory, or of bytes from async iterables. Of a server, it makes
 * that of the file at an HTTP URL, or of the files that a list names. A file that changes while it
 * is read is an error. `output` is written whole or not at all.
 * @throws BtkitError such as `usage` for bad options, `not-found`, `empty`, `changed`, `exists` for
 *   an `output` that must not be replaced, and `interrupted`
 */
export function makeTorrent(
  source: string | ListedContent | StreamedContent,
  options: MakeOptions = {},
): Task<MadeTorrent> {
  if (typeof source !== 'string' && !isListed(source)) return makeFromStreams(source, options)
  return startTask(options, async (signal, tell) => {
    const reading = readingOf(options, { signal, tell, path: placeOf(source) })
    const cache = options.cache ? accessOf(options.cache).cache : openNullCache()
    const group = await groupOf(source, options, { signal, cache })
    return describeMade(await makeGroup(group, { reading }))
  })
}

/** A torrent that was not made yet. */
export interface PlannedTorrent extends TorrentContent {
  /** Bytes of the .torrent; fewer if files have the same content. */
  readonly torrentSize: number
  /** Entries that are left out, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[]
}

/**
 * Plans the torrent that makeTorrent would make. Lists the files, but does not read them.
 * @throws BtkitError as makeTorrent
 */
export function planTorrent(
  source: string | ListedContent,
  options: MakeOptions = {},
): Task<PlannedTorrent> {
  return startTask(options, async (signal) => {
    const group = await groupOf(source, options, { signal, cache: null })
    const { plan, torrentSize } = await makeGroup(group, { reading: null })
    return { ...describeContent(plan.content), torrentSize, skipped: plan.content.skipped }
  })
}

function isListed(source: unknown): source is ListedContent {
  return typeof source === 'object' && source !== null && 'list' in source
}

/** The name of content in progress. */
function placeOf(source: string | ListedContent): string {
  if (!isListed(source)) return source
  return typeof source.list === 'string' ? source.list : (source.baseUrl ?? '')
}

/** How servers are asked for content; without a cache, none will be read. */
interface Asking {
  readonly signal: AbortSignal
  readonly cache: PieceCache | null
}

async function groupOf(
  source: string | ListedContent,
  options: MakeOptions,
  { signal, cache }: Asking,
): Promise<MakeGroup> {
  const { scan, ...request } = makeRequestOf(placeOf(source), options)
  const scanned = { ...request, scan: { ...scan, signal } }
  const remote = await remoteOf(source, options, { signal, cache })
  if (!remote) return { torrents: [scanned], checksums: [] }
  const name = checkName(options.name ?? remote.name)
  const { parts, creationDate, order } = request
  if (order?.by === 'mtime') throw usageError('order: content of a URL has no times')
  const given = parts.webSeeds
  const webSeeds = given.length > 0 ? given : [publicSeed(remote, name)]
  // Content of a URL has no date
  const dated = { ...scanned, creationDate: creationDate === 'mtime' ? null : creationDate }
  const torrent = { ...dated, name, parts: { ...parts, webSeeds } }
  return { torrents: [torrent], checksums: [], arrival: namedArrival(remote, name) }
}

/** Asks a server for content; null for a path. */
async function remoteOf(
  source: string | ListedContent,
  { headers, include = [], exclude = [] }: MakeOptions,
  { signal, cache }: Asking,
): Promise<RemoteContent | null> {
  const access = { signal, headers }
  if (!isListed(source))
    return /^https?:\/\//i.test(source) ? remoteFile(contentUrl(source), access) : null
  const { list, baseUrl } = source
  const base = baseUrl === undefined ? undefined : baseAddress(baseUrl, 'baseUrl')
  const globs = { include: [...include], exclude: [...exclude] }
  if (typeof list === 'string')
    return remoteDirectory(await fetchList(contentUrl(list), access, base), globs, access, cache)
  if (base === undefined) throw usageError('baseUrl: is missing, which the bytes of a list need')
  return remoteDirectory({ entries: parseRemoteList(list, 'list'), base }, globs, access, cache)
}
