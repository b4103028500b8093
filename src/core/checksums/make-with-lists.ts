import { BtkitError } from '../../errors.js'
import { WorkerPool } from '../../hash/jobs/worker-pool.js'
import type { HashContext } from '../digests/hash-content.js'
import { makeTorrent, type MadeTorrent, type TorrentPlan } from '../make/make-torrent.js'
import { writeLists, type ChecksumList } from './lists.js'
import { obtainChecksums } from './obtain.js'

/** Adds to an error that the torrent is written nevertheless. */
function afterTorrent(error: unknown, torrent: string | null): unknown {
  if (!(error instanceof BtkitError) || torrent === null) return error
  const message = `${error.message}; the torrent ${torrent} is written, without its checksum lists`
  return new BtkitError(error.code, message, { cause: error })
}

/**
 * Makes a torrent, and then lists of its files' checksums. Both read the files at the same time, so
 * that data read from the disk by one is in memory for the other.
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
  // Only other threads hash pieces, because this one reads for the checksums
  const pool = new WorkerPool()
  const context = { ...hashContext, engine: { ...engine, signal } }
  const checksums = obtainChecksums(plan.content, names, context)
  // Awaited after the torrent is made
  checksums.catch(() => undefined)
  try {
    const made = await makeTorrent(plan, { ...hashContext, engine: { ...engine, pool } })
    try {
      await writeLists(lists, await checksums, plan)
    } catch (error) {
      throw afterTorrent(error, plan.request.torrent)
    }
    return made
  } finally {
    failed.abort()
    await pool.close()
  }
}
