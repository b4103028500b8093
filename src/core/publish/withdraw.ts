import { isUnfinished, type ClientTorrent, type TorrentClient } from './client.js'

/**
 * The outcome for a torrent to withdraw: `withdrawn`, `absent`, or `left` because it is not
 * btkit's.
 */
export interface WithdrawOutcome {
  readonly infoHash: string
  readonly status: 'withdrawn' | 'absent' | 'left'
  /** Its name in the client; null if it is absent. */
  readonly name: string | null
}

/**
 * Removes torrents from a client that btkit published or began to publish, and no others. Data is
 * never removed.
 * @throws BtkitError `client`, `interrupted`
 */
export async function withdrawTorrents(
  client: TorrentClient,
  infoHashes: readonly string[],
  begun: ReadonlySet<string> = new Set(),
): Promise<WithdrawOutcome[]> {
  const outcomes = await planWithdrawal(client, infoHashes, begun)
  const leaving = outcomes.filter(({ status }) => status === 'withdrawn')
  if (leaving.length > 0) await client.remove(leaving.map(({ infoHash }) => infoHash))
  return outcomes
}

/**
 * Returns what withdrawTorrents would do, and changes nothing.
 * @throws BtkitError `client`, `interrupted`
 */
export async function planWithdrawal(
  client: TorrentClient,
  infoHashes: readonly string[],
  begun: ReadonlySet<string> = new Set(),
): Promise<WithdrawOutcome[]> {
  if (infoHashes.length === 0) return []
  const list = new Map((await client.list()).map((torrent) => [torrent.infoHash, torrent]))
  return infoHashes.map((infoHash) => judge(infoHash, list.get(infoHash), begun))
}

function judge(
  infoHash: string,
  torrent: ClientTorrent | undefined,
  begun: ReadonlySet<string>,
): WithdrawOutcome {
  if (!torrent) return { infoHash, status: 'absent', name: null }
  const isOwn = torrent.isMarked || isUnfinished(torrent, begun)
  return { infoHash, status: isOwn ? 'withdrawn' : 'left', name: torrent.name }
}
