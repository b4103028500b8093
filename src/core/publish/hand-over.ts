import { BtkitError } from '../../base/errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { ClientSettings, PublishedTorrent, TorrentClient } from './client.js'
import { quoteText } from '../../base/text/escape.js'
import { findLocalData } from './local-data.js'

/** A torrent to be seeded by a client. */
export interface PublishRequest {
  /** Its name in reports. */
  readonly torrent: string
  readonly metainfo: Metainfo
  /**
   * The client's path of the directory that contains the content under the torrent's name; null if
   * the client downloads it from web seeds.
   */
  readonly directory: string | null
  /** The same directory as seen by this machine; null if it does not see it. */
  readonly localDirectory: string | null
  /** The settings that a torrent had in whose place it comes, unless the client has them still. */
  readonly settings?: ClientSettings | undefined
}

/** How a client sees files. */
export interface ClientSight {
  /** Whether the client runs on this machine, so that both see files at the same paths. */
  readonly isLocal: boolean
  /** Whether to trust that the client sees the data at the paths of the requests. */
  readonly trustsDirectories: boolean
  /** Whether links in the data may lead out of its directory. */
  readonly followSymlinks?: boolean
}

/** The torrents whose data a client sees, as far as that is known, and why others are refused. */
export interface SeenTorrents {
  readonly seen: ReadonlyMap<PublishRequest, PublishedTorrent>
  readonly refusals: ReadonlyMap<PublishRequest, BtkitError>
}

/**
 * Looks for the data of torrents, and asks a client whether it sees them. Changes nothing.
 * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
 */
export async function lookForData(
  client: TorrentClient,
  requests: readonly PublishRequest[],
  sight: ClientSight,
): Promise<SeenTorrents> {
  const refusals = new Map<PublishRequest, BtkitError>()
  const seen = new Map<PublishRequest, PublishedTorrent>()
  for (const request of requests) {
    const torrent = await prepare(request, sight)
    const refusal = torrent instanceof BtkitError ? torrent : await client.objection?.(torrent)
    if (refusal) refusals.set(request, refusal)
    else if (!(torrent instanceof BtkitError)) seen.set(request, torrent)
  }
  const looked = [...seen].filter(([{ directory }]) => directory !== null)
  if (looked.length === 0) return { seen, refusals }
  const found = (await client.findData?.(looked.map(([, torrent]) => torrent))) ?? []
  for (const [i, [request]] of looked.entries()) {
    const doubt = doubtOf(request, found[i] ?? null, client, sight)
    if (!doubt) continue
    refusals.set(request, doubt)
    seen.delete(request)
  }
  return { seen, refusals }
}

async function prepare(
  { metainfo, directory, localDirectory }: PublishRequest,
  { followSymlinks }: ClientSight,
): Promise<PublishedTorrent | BtkitError> {
  try {
    const isLocal = localDirectory !== null
    const fileTimes = isLocal ? await findLocalData(metainfo, localDirectory, followSymlinks) : null
    return { metainfo, directory, fileTimes }
  } catch (error) {
    if (error instanceof BtkitError) return error
    throw error
  }
}

/** Returns why the client may not see the data of a torrent; null if it does, or will check. */
function doubtOf(
  request: PublishRequest,
  found: boolean | null,
  client: TorrentClient,
  sight: ClientSight,
): BtkitError | null {
  const { directory, localDirectory } = request
  if (found === false) return new BtkitError('client', unseen(client, request))
  const isSeen = sight.trustsDirectories || (sight.isLocal && directory === localDirectory)
  if (found ?? (client.looksBeforeStart || isSeen)) return null
  const reason = `${client.label} cannot report whether it finds the data in ${directory}`
  return new BtkitError('client', `${reason} (--trust-data-path skips this check)`)
}

/** The message for a client that does not see the data of a torrent. */
export function unseen(
  { label, changedNames }: TorrentClient,
  { metainfo: { name, files }, directory }: PublishRequest,
): string {
  if (directory === null) return `${label} does not begin to download it from its web seeds`
  const message = `${label} does not see all its data in ${directory}`
  const names = [name, ...files.flatMap(({ path, padding }) => (padding ? [] : path))]
  const changed = changedNames && names.find((each) => changedNames.test(each))
  if (changed === undefined) return message
  const [character = ''] = changedNames?.exec(changed) ?? []
  const why = `it takes ${quoteText(character)} for another character`
  return `${message}: ${why} in ${quoteText(changed)}; rename the file, or use another client`
}
