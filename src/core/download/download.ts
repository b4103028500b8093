import { BtkitError } from '../../errors.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import {
  clientInfoHash,
  isBroken,
  isSeeded,
  isWhole,
  type ClientTorrent,
  type PublishedTorrent,
  type TorrentClient,
} from '../publish/client.js'
import type { Waiting } from '../publish/wait-for.js'
import { stallNote, StallWatch, type Stall } from './stall.js'

/** How a download goes on. */
export interface DownloadWatch {
  readonly waiting: Omit<Waiting, 'limitMs'>
  /** Hears what the torrent does, each time that was looked, and whether nothing comes of it. */
  readonly onLook: (torrent: ClientTorrent, stall: Stall | null) => void
}

/** When seeding ends: at whichever comes first. */
export interface SeedGoal {
  /** Bytes sent for each byte of content; null for no such end. */
  readonly ratio: number | null
  /** In milliseconds; null for no such end. */
  readonly timeMs: number | null
}

/** How often to look, and how long a new torrent may take to be in the list, in milliseconds. */
const PAUSE_MS = 500
const TAKE_UP_MS = 30_000

/**
 * Has a client take up a torrent, and start it.
 * @param how `beforeStart` makes ready what a download needs, once the client has taken it up
 * @throws BtkitError `client` when it has the torrent already, or does not take it, and what
 * `beforeStart` throws
 */
export async function beginDownload(
  client: TorrentClient,
  torrent: PublishedTorrent,
  how: Omit<Waiting, 'limitMs'> & { readonly beforeStart: () => void },
): Promise<void> {
  const infoHash = clientInfoHash(torrent.metainfo)
  if (await findTorrent(client, infoHash)) {
    throw new BtkitError('client', `${client.label}: has this torrent already`)
  }
  const [failure] = await client.add([torrent])
  if (failure) throw failure
  const end = how.monotonic() + TAKE_UP_MS
  while (!(await findTorrent(client, infoHash))) {
    if (how.monotonic() > end) {
      throw new BtkitError('client', `${client.label}: did not take the torrent up in time`)
    }
    await pause(how)
  }
  try {
    how.beforeStart()
  } catch (error) {
    await client.remove([infoHash])
    throw error
  }
  await client.start([infoHash])
}

/**
 * Resolves when the client has all of a torrent, as far as it knows.
 * @param watch `stallTimeoutMs` is how long nothing may come; null for ever
 * @throws BtkitError `stalled` when nothing came for that long, `client` when it can't go on,
 * `interrupted`
 */
export async function whenWhole(
  client: TorrentClient,
  metainfo: Metainfo,
  { waiting, onLook, stallTimeoutMs }: DownloadWatch & { readonly stallTimeoutMs: number | null },
): Promise<void> {
  const stalls = new StallWatch(waiting.monotonic)
  const ends = stallTimeoutMs === null ? null : new StallWatch(waiting.monotonic, stallTimeoutMs)
  const look = (torrent: ClientTorrent) => {
    onLook(torrent, stalls.look(torrent))
    const end = ends?.look(torrent)
    if (end) {
      const note = stallNote(torrent, metainfo, end)
      throw new BtkitError('stalled', `${note} (ended by --stall-timeout)`)
    }
  }
  const isOver = (torrent: ClientTorrent) => isSeeded(torrent) && isWhole(torrent)
  await follow(client, clientInfoHash(metainfo), { waiting, onLook: look, isOver })
}

/**
 * Seeds until a goal is reached.
 * @throws BtkitError `client` when it can't go on, `interrupted`
 */
export async function seedUntil(
  client: TorrentClient,
  infoHash: string,
  { ratio, timeMs, waiting, onLook }: DownloadWatch & SeedGoal,
): Promise<void> {
  const { monotonic } = waiting
  const end = timeMs === null ? Infinity : monotonic() + timeMs
  const isOver = (torrent: ClientTorrent) => {
    return monotonic() >= end || (ratio !== null && torrent.ratio >= ratio)
  }
  const look = (torrent: ClientTorrent) => {
    onLook(torrent, null)
  }
  await follow(client, infoHash, { waiting, onLook: look, isOver })
}

interface Following extends Pick<DownloadWatch, 'waiting'> {
  readonly onLook: (torrent: ClientTorrent) => void
  readonly isOver: (torrent: ClientTorrent) => boolean
}

async function follow(
  client: TorrentClient,
  infoHash: string,
  { waiting, onLook, isOver }: Following,
): Promise<void> {
  for (;;) {
    const torrent = await findTorrent(client, infoHash)
    if (!torrent) throw new BtkitError('client', `${client.label}: has lost the torrent`)
    onLook(torrent)
    if (isBroken(torrent)) {
      throw new BtkitError('client', `${client.label}: ${torrent.message ?? torrent.state}`)
    }
    if (isOver(torrent)) return
    await pause(waiting)
  }
}

/** A torrent in a client's list; undefined when it is not there. */
export async function findTorrent(
  client: TorrentClient,
  infoHash: string,
): Promise<ClientTorrent | undefined> {
  return (await client.list()).find((torrent) => torrent.infoHash === infoHash)
}

async function pause({ sleep, signal }: Omit<Waiting, 'limitMs'>): Promise<void> {
  await sleep(PAUSE_MS)
  if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
}
