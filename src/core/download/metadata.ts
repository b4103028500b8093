import { createHash } from 'node:crypto'
import { BtkitError } from '../../errors.js'
import { magnetLink } from '../../metainfo/magnet.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import type { MagnetLink } from '../../metainfo/parse/magnet.js'
import type { AskedMagnet } from '../publish/client.js'
import { isBroken, type TorrentClient } from '../publish/client.js'
import type { Waiting } from '../publish/wait-for.js'
import { parseTorrent } from '../read-torrent.js'
import { findTorrent } from './download.js'
import { requireTorrentOf, withLinkSources } from './magnet-torrent.js'

/** How to request the metadata of a magnet link. */
export interface MetadataRequest extends Omit<AskedMagnet, 'link' | 'infoHash'> {
  readonly waiting: Waiting
  /** Removes the link from the client, even after an interruption. */
  readonly release: (infoHash: string) => Promise<void>
}

/** The polling interval, and the time limit for a client to remove a link, in milliseconds. */
const PAUSE_MS = 200
const LET_GO_MS = 30_000

/** The name of peers' metadata in errors. */
const FROM_PEERS = 'magnet link'

/**
 * Makes a client get the torrent of a magnet link from peers, and then remove the link. The result
 * has the link's trackers and web seeds.
 * @throws BtkitError `client` if the client cannot do that, has the torrent already or finds no
 *   peer in time; `metainfo` for an invalid torrent; `interrupted`
 */
export async function metadataFromPeers(
  client: TorrentClient,
  magnet: MagnetLink,
  { waiting, release, ...place }: MetadataRequest,
): Promise<Metainfo> {
  const asked = { ...place, ...linkFor(magnet) }
  if (!client.askMetadata) {
    throw new BtkitError(
      'client',
      `${client.label}: cannot hand out the torrent of a magnet link; name another client with --client`,
    )
  }
  if (await findTorrent(client, asked.infoHash)) {
    throw new BtkitError('client', `${client.label}: has this torrent already`)
  }
  try {
    await client.askMetadata(asked)
    const info = await whenThere(client, asked, waiting)
    await letGo(client, asked.infoHash, waiting)
    const metainfo = parseTorrent(info, FROM_PEERS, asked.maxSize)
    requireTorrentOf(magnet, metainfo, FROM_PEERS)
    return withLinkSources(metainfo, magnet, FROM_PEERS)
  } catch (error) {
    await release(asked.infoHash).catch(() => undefined)
    throw error
  }
}

/** Returns the link with only the parts that a client needs for metadata. */
function linkFor({ infoHash, trackers }: MagnetLink): Pick<AskedMagnet, 'link' | 'infoHash'> {
  if (infoHash === null) {
    const why = 'is of version 2 only, and peers do not send piece layers; use the .torrent file'
    throw new BtkitError('client', `magnet link: ${why}`)
  }
  const announceList = trackers.map((tracker) => [tracker])
  const others = { name: null, size: 0, infoHashV2: null, announce: null, webSeeds: null }
  return { link: magnetLink({ ...others, infoHash, announceList }), infoHash }
}

/** Waits for the metadata, and returns a torrent with only that. */
async function whenThere(
  client: TorrentClient,
  asked: AskedMagnet,
  { limitMs, monotonic, sleep, signal }: Waiting,
): Promise<Uint8Array> {
  const end = monotonic() + limitMs
  let refusal: BtkitError | null = null
  for (;;) {
    const looked = await lookForInfo(client, asked)
    if (looked instanceof BtkitError) refusal = looked
    else if (looked) return Buffer.concat([Buffer.from('d4:info'), looked, Buffer.from('e')])
    const torrent = await findTorrent(client, asked.infoHash)
    if (torrent && isBroken(torrent)) {
      throw new BtkitError('client', `${client.label}: ${torrent.message ?? torrent.state}`)
    }
    if (monotonic() >= end) throw refusal ?? tooLate(limitMs)
    await sleep(PAUSE_MS)
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
  }
}

/**
 * Returns the info dictionary that the client has so far; null if there is none, or an error if it
 * is invalid.
 */
async function lookForInfo(
  client: TorrentClient,
  asked: AskedMagnet,
): Promise<Uint8Array | BtkitError | null> {
  const bytes = await client.readMetadata?.(asked)
  if (!bytes) return null
  if (createHash('sha1').update(bytes).digest('hex') === asked.infoHash) return bytes
  try {
    const { infoHash, infoSpan } = parseTorrent(bytes, FROM_PEERS, asked.maxSize)
    return infoHash === asked.infoHash ? bytes.subarray(infoSpan.start, infoSpan.end) : null
  } catch (error) {
    if (!(error instanceof BtkitError)) throw error
    // Incomplete metadata is invalid bencode
    return error.code === 'bencode' ? null : error
  }
}

function tooLate(limitMs: number): BtkitError {
  const how = `within ${limitMs / 1000} seconds (--metadata-timeout)`
  return new BtkitError('client', `magnet link: no peer sent its torrent ${how}`)
}

async function letGo(
  client: TorrentClient,
  infoHash: string,
  { monotonic, sleep, signal }: Waiting,
): Promise<void> {
  await client.remove([infoHash])
  const end = monotonic() + LET_GO_MS
  while (await findTorrent(client, infoHash)) {
    if (monotonic() >= end) {
      throw new BtkitError(
        'client',
        `${client.label}: did not remove the magnet link in time; remove it in the client`,
      )
    }
    await sleep(PAUSE_MS)
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
  }
}
