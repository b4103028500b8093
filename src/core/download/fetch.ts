import { createHash } from 'node:crypto'
import { callWithin } from '../../base/bounded-call.js'
import { BtkitError } from '../../base/errors.js'
import { collectBounded } from '../../disk/look/read-bounded.js'
import { GUARDED, requestHttp } from '../remote/http-request.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/check.js'
import { encodeParts } from '../../metainfo/build/torrent.js'
import { spliceTorrent } from '../../metainfo/edit/splice-torrent.js'
import { magnetLink, type MagnetLink } from '../../metainfo/magnet.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { hasTracker } from '../../metainfo/trackers.js'
import type { InfoHash } from '../../metainfo/values.js'
import { describeFailure } from '../../base/text/network-failure.js'
import type { AskedMagnet, ClientTorrent, TorrentClient } from '../publish/client.js'
import { waitFor, type Waiting } from '../publish/wait-for.js'
import { parseTorrent } from '../read-torrent.js'
import { findTorrent, refuseBroken, refuseKnown, StallWatch, whenListed } from './follow.js'
import { count } from '../../base/text/quantity.js'

/** The time limit for a server, in milliseconds. */
const TIMEOUT_MS = 60_000

/**
 * Fetches a torrent of at most DEFAULT_MAX_SIZE bytes by HTTP.
 * @throws BtkitError `usage` for a password in the URL, `io` if there is none, `interrupted`, and
 *   as parseTorrent
 */
export async function fetchTorrent(url: string, signal: AbortSignal): Promise<Metainfo> {
  refusePassword(url)
  try {
    const bytes = await callWithin({ timeoutMs: TIMEOUT_MS, signal }, async (bounded) => {
      const { status, body, end } = await requestHttp(url, { ...GUARDED, signal: bounded })
      if (status >= 200 && status < 300) return collectBounded(body, url, DEFAULT_MAX_SIZE)
      end()
      throw new BtkitError('io', `${url}: HTTP status ${status}`)
    })
    return parseTorrent(bytes, url)
  } catch (error) {
    if (error instanceof BtkitError) throw error
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    throw new BtkitError('io', `${url}: ${describeFailure(error, TIMEOUT_MS)}`, { cause: error })
  }
}

/** A password in a URL would be in errors and in lists of processes. */
function refusePassword(url: string): void {
  if (!URL.canParse(url)) return
  const { username, password, host } = new URL(url)
  if (username + password === '') return
  const advice = 'fetch the torrent with another program first'
  throw new BtkitError('usage', `${host}: URLs with a user name are not supported; ${advice}`)
}

/**
 * Fetches the torrent of a magnet link from the first exact source that has it, with the errors of
 * the sources before. Only a torrent with the link's info hash is accepted.
 * @throws BtkitError `interrupted`
 */
export async function fetchExactSource(magnet: MagnetLink, signal: AbortSignal) {
  const failures: BtkitError[] = []
  for (const url of magnet.exactSources) {
    try {
      const fetched = await fetchTorrent(url, signal)
      return { metainfo: torrentOf(magnet, fetched, url), failures }
    } catch (error) {
      if (!(error instanceof BtkitError) || error.code === 'interrupted') throw error
      failures.push(error)
    }
  }
  return { metainfo: null, failures }
}

/** How to request the metadata of a magnet link. */
export interface MetadataRequest extends Omit<AskedMagnet, 'link' | 'infoHash'> {
  readonly waiting: Waiting
  /** Receives the reason if no peer sends the metadata for a while. */
  readonly onStall: (note: string) => void
  /** Advice for the case that no peer is connected; null if there is none. */
  readonly advice: string | null
  /** Removes the link from the client, even after an interruption. */
  readonly release: (infoHash: InfoHash) => Promise<void>
}

/** The time limit for a client to remove a link, in milliseconds. */
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
  { waiting, release, onStall, advice, ...place }: MetadataRequest,
): Promise<Metainfo> {
  const asked = { ...place, ...linkFor(magnet, client) }
  if (!client.askMetadata) {
    throw new BtkitError(
      'client',
      `${client.label}: cannot hand out the torrent of a magnet link; name another client with --client`,
    )
  }
  await refuseKnown(client, asked.infoHash)
  try {
    await client.askMetadata(asked)
    const noteStall = metadataStalls(magnet, { waiting, onStall, advice })
    const info = await whenThere(client, asked, waiting, noteStall)
    await client.remove([asked.infoHash])
    if (
      !(await whenListed(client, asked.infoHash, { ...waiting, limitMs: LET_GO_MS, is: false }))
    ) {
      const what = 'did not remove the magnet link in time; remove it in the client'
      throw new BtkitError('client', `${client.label}: ${what}`)
    }
    return torrentOf(magnet, parseTorrent(info, FROM_PEERS, asked.maxSize), FROM_PEERS)
  } catch (error) {
    await release(asked.infoHash).catch(() => undefined)
    throw error
  }
}

/** Returns the link with only the parts that a client needs for metadata. */
function linkFor(
  { infoHash, trackers, ...magnet }: MagnetLink,
  { needsBothHashes = false }: Pick<TorrentClient, 'needsBothHashes'>,
): Pick<AskedMagnet, 'link' | 'infoHash'> {
  if (infoHash === null) {
    const why = 'is of version 2 only, and peers do not send piece layers; use the .torrent file'
    throw new BtkitError('client', `magnet link: ${why}`)
  }
  const announceList = trackers.map((tracker) => [tracker])
  const infoHashV2 = needsBothHashes ? magnet.infoHashV2 : null
  const others = { name: null, size: 0, infoHashV2, announce: null, webSeeds: null }
  return { link: magnetLink({ ...others, infoHash, announceList }), infoHash }
}

/** Waits for the metadata, and returns a torrent with only that. */
async function whenThere(
  client: TorrentClient,
  asked: AskedMagnet,
  waiting: Waiting,
  noteStall: (torrent: ClientTorrent) => void,
): Promise<Uint8Array> {
  const looked = await waitFor(waiting, async () => {
    const value = await lookForInfo(client, asked)
    const isOver = value instanceof Uint8Array
    const torrent = isOver ? undefined : await findTorrent(client, asked.infoHash)
    refuseBroken(client, torrent)
    if (torrent) noteStall(torrent)
    return { value, isOver }
  })
  if (looked instanceof Uint8Array) {
    return Buffer.concat([Buffer.from('d4:info'), looked, Buffer.from('e')])
  }
  const how = `within ${count(waiting.limitMs / 1000, 'second')}`
  throw looked ?? new BtkitError('client', `magnet link: no peer sent its torrent ${how}`)
}

/** Returns a function that looks at a link's state in the client, and reports stalls. */
function metadataStalls(
  magnet: MagnetLink,
  { waiting, onStall, advice }: Pick<MetadataRequest, 'waiting' | 'onStall' | 'advice'>,
): (torrent: ClientTorrent) => void {
  const [announce = null] = magnet.trackers
  const metainfo = { announce, announceList: null, webSeeds: null }
  const stalls = new StallWatch(waiting.monotonic, { metainfo, advice })
  return (torrent) => {
    // Clients count an unknown size as complete
    const state = torrent.state === 'seeding' ? 'downloading' : torrent.state
    const sought: ClientTorrent = { ...torrent, name: FROM_PEERS, state, size: 1, bytesDone: 0 }
    const stall = stalls.look(sought)
    if (stall?.isToTell) onStall(stall.note)
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

/**
 * Returns the torrent of a magnet link, with the link's trackers and web seeds if it has none.
 * `source` is its name in errors.
 * @throws BtkitError `metainfo` if the torrent has another info hash
 */
function torrentOf(magnet: MagnetLink, metainfo: Metainfo, source: string): Metainfo {
  const pairs = [
    [magnet.infoHash, metainfo.infoHash],
    [magnet.infoHashV2, metainfo.infoHashV2],
  ]
  const other = pairs.find(([wanted, found]) => wanted !== null && found !== wanted)
  if (other) {
    const [wanted, found] = other
    const what = found === null ? 'has no such info hash' : `has the info hash ${found ?? ''}`
    throw new BtkitError('metainfo', `${source}: ${what}, not the magnet link's ${wanted ?? ''}`)
  }
  const [announce = null] = magnet.trackers
  // A tier for each, so that clients ask all of them in order (BEP 12)
  const trackers = { announce, announceList: magnet.trackers.map((tracker) => [tracker]) }
  const webSeeds = (metainfo.webSeeds ?? []).length > 0 ? [] : magnet.webSeeds
  const top = encodeParts({ ...(hasTracker(metainfo) ? {} : trackers), webSeeds })
  if (top.size === 0) return metainfo
  const bytes = spliceTorrent(metainfo, { top })
  return parseTorrent(bytes, source, bytes.length)
}
