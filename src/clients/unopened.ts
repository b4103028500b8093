import type { TorrentClient } from '../core/publish/client.js'
import { BtkitError } from '../errors.js'
import type { Metainfo } from '../metainfo/metainfo.js'

const KINDS = { v1: 'torrent', v2: 'torrent of version 2', hybrid: 'hybrid' } as const

/**
 * What is said of a client that can't open a torrent: which client, and what is special about the
 * torrent.
 * @throws BtkitError `unreachable`, `client` when it refuses, `interrupted`
 */
export async function unopened(
  client: Pick<TorrentClient, 'label' | 'version'>,
  { version }: Pick<Metainfo, 'version'>,
  why: string,
): Promise<BtkitError> {
  const who = await client.version()
  return new BtkitError(
    'client',
    `${client.label}: ${who} can't open this ${KINDS[version]}: ${why}`,
  )
}
