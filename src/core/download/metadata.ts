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

/** How the metadata of a magnet link is asked for. */
export interface MetadataRequest extends Omit<AskedMagnet, 'link' | 'infoHash'> {
  readonly waiting: Waiting
  /** Has the client let go of the link however it ends. */
  readonly release: (infoHash: string) => Promise<void>
}

/** How often to look, and how long a client may take to let go of a link, in milliseconds. */
const PAUSE_MS = 200
const LET_GO_MS = 30_000

/** What errors call that which peers gave. */
const FROM_PEERS = 'magnet link'

/**
 * Has a client get the torrent of a magnet link from peers. It has the trackers and web seeds of the
 * link; the client has let go of it then.
 * @throws BtkitError `client` when the client can't do that, has the torrent already or finds nobody
 * in time, `metainfo` for a torrent that is not valid, `interrupted`
 */
export async function metadataFromPeers(
  client: TorrentClient,
  magnet: MagnetLink,
  { waiting, release, ...place }: MetadataRequest,
): Promise<Metainfo> {
  const asked = { ...place, ...linkFor(magnet) }
  if (!client.askMetadata) {
    throw new BtkitError('client', `${client.label}: gives no torrents of magnet links away`)
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

/** The link without what is of no use to a client that asks for metadata alone. */
function linkFor({ infoHash, trackers }: MagnetLink): Pick<AskedMagnet, 'link' | 'infoHash'> {
  if (infoHash === null) {
    const why = 'is of version 2 alone, and peers have no piece layers to give with its metadata'
    throw new BtkitError('client', `magnet link: ${why}`)
  }
  const announceList = trackers.map((tracker) => [tracker])
  const others = { name: null, size: 0, infoHashV2: null, announce: null, webSeeds: null }
  return { link: magnetLink({ ...others, infoHash, announceList }), infoHash }
}

/** The torrent that is only of the metadata, once that is there. */
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
 * The info dictionary that a client has, alone or in a torrent; null when it is not there, and why a
 * torrent is not taken that is not valid as it stands.
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
    // What is half written is no bencode yet
    return error.code === 'bencode' ? null : error
  }
}

function tooLate(limitMs: number): BtkitError {
  const how = `within ${limitMs / 1000} seconds (--metadata-timeout)`
  return new BtkitError('client', `magnet link: no peer was found that has its torrent ${how}`)
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
      throw new BtkitError('client', `${client.label}: did not let go of the magnet link in time`)
    }
    await sleep(PAUSE_MS)
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
  }
}
