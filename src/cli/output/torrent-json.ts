import { BtkitError, type ErrorCode } from '../../base/errors.js'
import type { ClientTorrent } from '../../core/publish/client.js'
import type { InfoHashes } from '../../metainfo/values.js'
import { describeError, isOutOfMemory } from './messages.js'
import { hideSecrets } from '../../base/text/secrets.js'

/**
 * A line of JSON about a torrent: the name it was given by and its hashes, other values, and why it
 * failed; a `failure` of null stands for none.
 */
export function torrentValue(
  torrent: string | null,
  hashes: InfoHashes | null,
  { failure = null, ...values }: Readonly<Record<string, unknown>> = {},
): object {
  const { infoHash = null, infoHashV2 = null } = hashes ?? {}
  return { torrent, infoHash, infoHashV2, ...values, ...failureKeys(failure) }
}

/** The values of a torrent that failed, for `each` and `attempt` of a report. */
export function lostTorrent(torrent: string, error: unknown): object[] {
  return [torrentValue(torrent, null, { failure: error })]
}

/**
 * The last keys of a line of JSON about a torrent: `internal` is a fault of btkit, null stands for
 * no failure.
 */
export function failureKeys(error: unknown) {
  if (error === null) return { error, code: null }
  const fault = isOutOfMemory(error) ? 'io' : 'internal'
  const code: ErrorCode | 'internal' = error instanceof BtkitError ? error.code : fault
  return { error: describeError(error), code }
}

/** A torrent in a client's list, with the file it was made of; null if that is not known. */
export interface ListedTorrent extends ClientTorrent {
  readonly torrent: string | null
  /** The client's label. */
  readonly client: string
}

/** The values of a torrent in a client, and why it is not seeded; null if it is. */
export function listedValue({ client, torrent, ...listed }: ListedTorrent, error: unknown): object {
  const message = listed.message && hideSecrets(listed.message)
  const warning = listed.warning ? hideSecrets(listed.warning) : null
  return { client, torrent, ...listed, message, warning, ...failureKeys(error) }
}
