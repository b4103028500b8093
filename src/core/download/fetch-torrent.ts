import { BtkitError } from '../../errors.js'
import { collectBounded } from '../../files/read-bounded.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { describeFailure } from '../../text/network-failure.js'
import { parseTorrent } from '../read-torrent.js'

/** How long a server may take, in milliseconds. */
const TIMEOUT_MS = 60_000

/**
 * Fetches a torrent of at most `maxSize` bytes by HTTP.
 * @throws BtkitError `io` when there is none, `interrupted`, and those of parseTorrent
 */
export async function fetchTorrent(
  url: string,
  maxSize: number,
  signal: AbortSignal,
): Promise<Metainfo> {
  const deadline = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, deadline]) })
    if (!response.ok) {
      await response.body?.cancel()
      throw new BtkitError('io', `${url}: HTTP status ${response.status}`)
    }
    const body = (response.body ?? []) as AsyncIterable<Uint8Array>
    return parseTorrent(await collectBounded(body, url, maxSize), url, maxSize)
  } catch (error) {
    if (error instanceof BtkitError) throw error
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    throw new BtkitError('io', `${url}: ${describeFailure(error, TIMEOUT_MS)}`, { cause: error })
  }
}
