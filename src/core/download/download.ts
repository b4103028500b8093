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

/** How to follow a download. */
export interface DownloadWatch {
  readonly waiting: Omit<Waiting, 'limitMs'>
  /** Called after each look at the torrent, with its state and a stall if there is one. */
  readonly onLook: (torrent: ClientTorrent, stall: Stall | null) => void
}

/** When seeding ends: at the goal that is reached first. */
export interface SeedGoal {
  /** Bytes sent for each byte of content; null for no such goal. */
  readonly ratio: number | null
  /** In milliseconds; null for no such goal. */
  readonly timeMs: number | null
}

/**
 * The polling interval, and the time limit for a new torrent to appear in the list, in
 * milliseconds.
 */
const PAUSE_MS = 500
const TAKE_UP_MS = 30_000

/**
 * Adds a torrent to a client, and starts it.
 * @param how `beforeStart` prepares what the download needs, after the client has added it
 * @throws BtkitError `client` if the client has the torrent already or refuses it, and errors of
 *   `beforeStart`
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
      throw new BtkitError(
        'client',
        `${client.label}: did not start the torrent in time; check the client`,
      )
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
 * @param watch `stallTimeoutMs` is how long nothing may arrive; null for no limit
 * @throws BtkitError `stalled` if nothing arrived for that long, `client` if the client cannot
 *   continue, `interrupted`
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
 * @throws BtkitError `client` if the client cannot continue, `interrupted`
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
    if (!torrent)
      throw new BtkitError(
        'client',
        `${client.label}: no longer has the torrent; run the command again`,
      )
    onLook(torrent)
    if (isBroken(torrent)) {
      throw new BtkitError('client', `${client.label}: ${torrent.message ?? torrent.state}`)
    }
    if (isOver(torrent)) return
    await pause(waiting)
  }
}

/** Returns a torrent of a client's list; undefined if it is missing. */
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
