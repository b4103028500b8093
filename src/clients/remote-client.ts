import type { ClientAddress } from './address.js'
import type { CallOptions } from './http-call.js'
import type { TorrentClient } from '../core/publish/client.js'
import { BtkitError } from '../errors.js'
import type { Metainfo } from '../metainfo/metainfo.js'

/** Base class of all client drivers, with the address and the request options. */
export abstract class RemoteClient {
  constructor(
    protected readonly address: ClientAddress,
    protected readonly options: CallOptions,
  ) {}

  get label(): string {
    return this.address.label
  }
}

const KINDS = { v1: 'torrent', v2: 'torrent of version 2', hybrid: 'hybrid' } as const

/**
 * The error for a client that cannot open a torrent, with the client's version and the kind of
 * torrent.
 * @throws BtkitError `unreachable`, `client` if it refuses, `interrupted`
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
