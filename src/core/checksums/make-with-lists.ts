import { WorkerPool } from '../../hash/jobs/worker-pool.js'
import type { HashContext } from '../digests/hash-content.js'
import { makeTorrent, type MadeTorrent, type TorrentPlan } from '../make/make-torrent.js'
import { writeLists, type ChecksumList } from './lists.js'
import { obtainChecksums } from './obtain.js'

/**
 * Makes a torrent, and then lists of the checksums of its files. Both read the files side by side, so
 * that what one has read from a disk the other finds in memory.
 * @throws BtkitError as makeTorrent, obtainChecksums and writeLists do
 */
export async function makeWithLists(
  plan: TorrentPlan,
  lists: readonly ChecksumList[],
  hashContext: HashContext,
): Promise<MadeTorrent> {
  if (lists.length === 0) return makeTorrent(plan, hashContext)
  const { engine } = hashContext
  const failed = new AbortController()
  const signal = AbortSignal.any([engine.signal, failed.signal])
  const names = lists.map(({ name }) => name)
  // Pieces are hashed by threads alone, as this one reads for the checksums
  const pool = new WorkerPool()
  const context = { ...hashContext, engine: { ...engine, signal } }
  const checksums = obtainChecksums(plan.content, names, context)
  // Awaited when the torrent is made
  checksums.catch(() => undefined)
  try {
    const made = await makeTorrent(plan, { ...hashContext, engine: { ...engine, pool } })
    await writeLists(lists, await checksums, plan)
    return made
  } finally {
    failed.abort()
    await pool.close()
  }
}
