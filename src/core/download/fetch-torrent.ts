import { callWithin } from '../../bounded-call.js'
import { BtkitError } from '../../errors.js'
import { collectBounded } from '../../files/read-bounded.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { describeFailure } from '../../text/network-failure.js'
import { parseTorrent } from '../read-torrent.js'

/** The time limit for a server, in milliseconds. */
const TIMEOUT_MS = 60_000

/**
 * Fetches a torrent of at most `maxSize` bytes by HTTP.
 * @throws BtkitError `usage` for a password in the URL, `io` if there is none, `interrupted`, and
 *   as parseTorrent
 */
export async function fetchTorrent(
  url: string,
  maxSize: number,
  signal: AbortSignal,
): Promise<Metainfo> {
  refusePassword(url)
  try {
    const bytes = await callWithin({ timeoutMs: TIMEOUT_MS, signal }, async (bounded) => {
      const response = await fetch(url, { signal: bounded })
      if (!response.ok) {
        await response.body?.cancel()
        throw new BtkitError('io', `${url}: HTTP status ${response.status}`)
      }
      return collectBounded((response.body ?? []) as AsyncIterable<Uint8Array>, url, maxSize)
    })
    return parseTorrent(bytes, url, maxSize)
  } catch (error) {
    if (error instanceof BtkitError) throw error
    if (signal.aborted) throw new BtkitError('interrupted', 'interrupted')
    throw new BtkitError('io', `${url}: ${describeFailure(error, TIMEOUT_MS)}`, { cause: error })
  }
}

/** fetch refuses such URLs, too, but with the password in its error. */
function refusePassword(url: string): void {
  if (!URL.canParse(url)) return
  const { username, password, host } = new URL(url)
  if (username + password === '') return
  const advice = 'fetch the torrent with another program first'
  throw new BtkitError('usage', `${host}: URLs with a user name are not supported; ${advice}`)
}
