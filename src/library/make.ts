import { namedArrival, remoteFile, requirePublic } from '../core/remote/remote-content.js'
import { checkName } from '../metainfo/name.js'
import { contentUrl } from '../metainfo/trackers.js'
import { type MakeGroup, makeGroup } from '../core/make/make-group.js'
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
 * Makes a torrent of a file, of a directory, of the file at an HTTP URL, or of bytes from async
 * iterables. A file that changes while it is read is an error. `output` is written whole or not at
 * all.
 * @throws BtkitError such as `usage` for bad options, `not-found`, `empty`, `changed`, `exists` for
 *   an `output` that must not be replaced, and `interrupted`
 */
export function makeTorrent(
  source: string | StreamedContent,
  options: MakeOptions = {},
): Task<MadeTorrent> {
  if (typeof source !== 'string') return makeFromStreams(source, options)
  return startTask(options, async (signal, tell) => {
    const reading = readingOf(options, { signal, tell, path: source })
    return describeMade(await makeGroup(await groupOf(source, options, signal), { reading }))
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
export function planTorrent(source: string, options: MakeOptions = {}): Task<PlannedTorrent> {
  return startTask(options, async (signal) => {
    const made = await makeGroup(await groupOf(source, options, signal), { reading: null })
    const { plan, torrentSize } = made
    return { ...describeContent(plan.content), torrentSize, skipped: plan.content.skipped }
  })
}

async function groupOf(
  source: string,
  options: MakeOptions,
  signal: AbortSignal,
): Promise<MakeGroup> {
  const { scan, ...request } = makeRequestOf(source, options)
  const scanned = { ...request, scan: { ...scan, signal } }
  if (!/^https?:\/\//i.test(source)) return { torrents: [scanned], checksums: [] }
  const remote = await remoteFile(contentUrl(source), { signal, headers: options.headers })
  const name = checkName(options.name ?? remote.name)
  const { parts, creationDate } = request
  const given = parts.webSeeds
  const webSeeds = given.length > 0 ? given : [requirePublic(remote)]
  // Content of a URL has no date
  const dated = { ...scanned, creationDate: creationDate === 'mtime' ? null : creationDate }
  const torrent = { ...dated, name, parts: { ...parts, webSeeds } }
  return { torrents: [torrent], checksums: [], arrival: namedArrival(remote, name) }
}
