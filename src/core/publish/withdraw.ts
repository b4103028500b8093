import { type ClientTorrent, isUnfinished, type TorrentClient } from './client.js'
import type { InfoHash } from '../../metainfo/values.js'

/**
 * The outcome for a torrent to withdraw: `withdrawn`, `absent`, or `left` because it is not
 * btkit's.
 */
export interface WithdrawOutcome {
  readonly infoHash: InfoHash
  readonly status: 'withdrawn' | 'absent' | 'left'
  /** Its name in the client; null if it is absent. */
  readonly name: string | null
}

interface Withdrawal {
  /** Info hashes of torrents that may lack the mark; see isUnfinished. */
  readonly begun?: ReadonlySet<InfoHash>
  /** Whether to change nothing; the outcomes are what would happen. */
  readonly dryRun?: boolean
  /** Called before torrents are removed, with their entries in the client's list. */
  readonly onRemove?: (torrents: readonly ClientTorrent[]) => Promise<void>
}

/**
 * Removes torrents from a client that btkit published or began to publish, and no others. Data is
 * never removed.
 * @throws BtkitError `client`, `interrupted`
 */
export async function withdrawTorrents(
  client: TorrentClient,
  infoHashes: readonly InfoHash[],
  { begun = new Set(), dryRun = false, onRemove }: Withdrawal = {},
): Promise<WithdrawOutcome[]> {
  if (infoHashes.length === 0) return []
  const list = await findEach(client, infoHashes)
  const outcomes = infoHashes.map((infoHash): WithdrawOutcome => {
    const torrent = list.get(infoHash)
    if (!torrent) return { infoHash, status: 'absent', name: null }
    const isOwn = torrent.isMarked || isUnfinished(torrent, begun)
    return { infoHash, status: isOwn ? 'withdrawn' : 'left', name: torrent.name }
  })
  const leaving = outcomes.filter(({ status }) => status === 'withdrawn')
  if (leaving.length > 0 && !dryRun) {
    const hashes = leaving.map(({ infoHash }) => infoHash)
    await onRemove?.(hashes.flatMap((infoHash) => list.get(infoHash) ?? []))
    await client.remove(hashes)
  }
  return outcomes
}

/** The entries of torrents in a client's list, by info hash. */
async function findEach(
  client: TorrentClient,
  infoHashes: readonly InfoHash[],
): Promise<ReadonlyMap<InfoHash, ClientTorrent>> {
  const find = async (only?: readonly InfoHash[]) =>
    new Map((await client.list(only)).map((torrent) => [torrent.infoHash, torrent]))
  const list = await find(infoHashes)
  // A hybrid may be in its list, of which only the info hash of version 1 is known here
  const isEach = !client.findsByLatest || infoHashes.every((infoHash) => list.has(infoHash))
  return isEach ? list : find()
}
