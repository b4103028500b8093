import { type ErrorCode, BtkitError } from '../../base/errors.js'
import { publishTorrents, type PublishOptions } from '../../library/clients.js'

/** The user's client, by its URL or its parsed address. */
export type UserClient = Parameters<typeof publishTorrents>[1]

/** A torrent for a client. */
export interface SeedRequest {
  readonly torrent: string
  /** The directory of its content. */
  readonly data: string
  readonly client: UserClient
}

/** How a client took a torrent. */
export interface HandedOver {
  readonly status: 'published' | 'already' | 'adopted' | 'checking'
}

/**
 * Makes a client seed a torrent.
 * @throws BtkitError as publishTorrents, and why the client refuses
 */
export async function seedTorrent(
  { torrent, data, client }: SeedRequest,
  running: Pick<PublishOptions, 'cache' | 'signal' | 'onProgress'>,
): Promise<HandedOver> {
  const [outcome] = await publishTorrents([torrent], client, { ...running, data })
  if (outcome && outcome.status !== 'failed') return { status: outcome.status }
  const code: ErrorCode = outcome?.code ?? 'client'
  throw new BtkitError(code, `${torrent}: ${outcome?.reason ?? 'the client does not have it'}`)
}
