import { isUnfinished, type TorrentClient } from './client.js'
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
}

/**
 * Removes torrents from a client that btkit published or began to publish, and no others. Data is
 * never removed.
 * @throws BtkitError `client`, `interrupted`
 */
export async function withdrawTorrents(
  client: TorrentClient,
  infoHashes: readonly InfoHash[],
  { begun = new Set(), dryRun = false }: Withdrawal = {},
): Promise<WithdrawOutcome[]> {
  if (infoHashes.length === 0) return []
  const list = new Map(
    (await client.list(infoHashes)).map((torrent) => [torrent.infoHash, torrent]),
  )
  const outcomes = infoHashes.map((infoHash): WithdrawOutcome => {
    const torrent = list.get(infoHash)
    if (!torrent) return { infoHash, status: 'absent', name: null }
    const isOwn = torrent.isMarked || isUnfinished(torrent, begun)
    return { infoHash, status: isOwn ? 'withdrawn' : 'left', name: torrent.name }
  })
  const leaving = outcomes.filter(({ status }) => status === 'withdrawn')
  if (leaving.length > 0 && !dryRun) await client.remove(leaving.map(({ infoHash }) => infoHash))
  return outcomes
}
