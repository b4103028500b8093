import { BtkitError } from '../../errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { PublishedTorrent, TorrentClient } from './client.js'
import { findLocalData } from './local-data.js'

/** A torrent to be seeded by a client. */
export interface PublishRequest {
  /** Its name in reports. */
  readonly torrent: string
  readonly metainfo: Metainfo
  /** The client's path of the directory that contains the content under the torrent's name. */
  readonly directory: string
  /** The same directory as seen by this machine; null if it does not see it. */
  readonly localDirectory: string | null
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

/** The torrents that a client can seed, and why it cannot seed the others. */
interface Prospects {
  readonly torrents: ReadonlyMap<PublishRequest, PublishedTorrent>
  readonly refusals: Map<PublishRequest, BtkitError>
}

/**
 * Adds torrents to a client without starting them, if the client sees their data as far as that is
 * known. Returns the errors of the others.
 * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
 */
export async function handOver(
  client: TorrentClient,
  requests: readonly PublishRequest[],
  sight: ClientSight,
): Promise<Map<PublishRequest, BtkitError>> {
  const { torrents, refusals } = await foresee(client, requests, sight)
  if (torrents.size === 0) return refusals
  const failures = await client.add([...torrents.values()])
  ;[...torrents.keys()].forEach((request, i) => {
    const failure = failures[i]
    if (failure) refusals.set(request, failure)
  })
  return refusals
}

/**
 * Asks a client which torrents it could seed, as far as that is known before they are added.
 * Changes nothing.
 * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
 */
export async function foresee(
  client: TorrentClient,
  requests: readonly PublishRequest[],
  sight: ClientSight,
): Promise<Prospects> {
  const refusals = new Map<PublishRequest, BtkitError>()
  const refuse = (request: PublishRequest, why: BtkitError | null) => {
    if (why) refusals.set(request, why)
    return why !== null
  }
  const torrents = new Map<PublishRequest, PublishedTorrent>()
  for (const request of requests) {
    const torrent = prepare(request, sight)
    if (torrent instanceof BtkitError) refuse(request, torrent)
    else if (!refuse(request, (await client.objection?.(torrent)) ?? null)) {
      torrents.set(request, torrent)
    }
  }
  if (torrents.size === 0) return { torrents, refusals }
  const found = (await client.findData?.([...torrents.values()])) ?? []
  const seen = [...torrents].filter(([request], i) => {
    return !refuse(request, doubtOf(request, found[i] ?? null, { client, sight }))
  })
  return { torrents: new Map(seen), refusals }
}

function prepare(
  { metainfo, directory, localDirectory }: PublishRequest,
  { followSymlinks }: ClientSight,
): PublishedTorrent | BtkitError {
  try {
    const local =
      localDirectory === null ? null : findLocalData(metainfo, localDirectory, followSymlinks)
    return { metainfo, directory, fileTimes: local?.times ?? null }
  } catch (error) {
    if (error instanceof BtkitError) return error
    throw error
  }
}

interface Sighted {
  readonly client: TorrentClient
  readonly sight: ClientSight
}

/** Returns why the client may not see the data of a torrent; null if it does, or will check. */
function doubtOf(request: PublishRequest, found: boolean | null, { client, sight }: Sighted) {
  const { directory } = request
  if (found === false) return new BtkitError('client', unseen(client, directory))
  if (found ?? (client.looksBeforeStart || isSeen(request, sight))) return null
  const reason = `${client.label} cannot report whether it finds the data in ${directory}`
  return new BtkitError('client', `${reason} (--trust-data-path skips this check)`)
}

/** Whether the client sees the data that this machine has found. */
function isSeen({ directory, localDirectory }: PublishRequest, sight: ClientSight): boolean {
  return sight.trustsDirectories || (sight.isLocal && directory === localDirectory)
}

/** The message for a client that does not see the data of a torrent. */
export function unseen({ label }: TorrentClient, directory: string): string {
  return `${label} does not see all its data in ${directory}`
}
