import { join } from 'node:path'
import {
  CLIENT_FORMS,
  type ClientAddress,
  parseClientAddress,
} from '../../seeding/clients/address.js'
import { connectClient } from '../../seeding/clients/connect.js'
import { withCredentials } from '../../seeding/clients/credentials.js'
import type { TorrentClient } from '../../core/publish/client.js'
import { remoteDirectory, type DataPrefix } from '../../core/publish/local-data.js'
import type { SyncClient } from '../../core/keep-seeded/client-target.js'
import type { Waiting } from '../../core/publish/wait-for.js'
import { homeDirectory, xdgDirectory } from '../../base/directories.js'
import { type BtkitError, usageError } from '../../base/errors.js'
import type { Io } from '../io.js'

/** A client named on the command line. */
export interface NamedClient {
  readonly client: TorrentClient
  /** The same client, for calls after an interruption. */
  readonly lastCalls: TorrentClient
  readonly address: ClientAddress
}

/** Milliseconds that a client may take to answer after an interruption. */
const LAST_CALL_MS = 3000

/** Milliseconds that a client may take to answer; tests have less. */
export const clientPatience = { ms: 30_000 }

/**
 * Prepares the clients named on the command line, or else in BTKIT_CLIENT, separated by spaces.
 * Nothing is sent to them yet.
 * @throws BtkitError `usage` if there is none or a URL is wrong, and the errors of withCredentials
 */
export function openClients(urls: readonly string[], io: Io): NamedClient[] {
  const timeoutMs = clientPatience.ms
  const named = urls.length > 0 ? urls : usualClients(io)
  if (named.length === 0) throw noClient('no client given; ')
  return named.map((url) => {
    const address = clientAddress(url, io)
    const never = new AbortController().signal
    const lastCalls = connectClient(address, { timeoutMs: LAST_CALL_MS, signal: never })
    return { client: connectClient(address, { timeoutMs, signal: io.signal }), lastCalls, address }
  })
}

/** The URLs in BTKIT_CLIENT. */
function usualClients({ env }: Pick<Io, 'env'>): string[] {
  return (env['BTKIT_CLIENT'] ?? '').split(/\s+/).filter(Boolean)
}

/**
 * The first client of BTKIT_CLIENT; null for none.
 * @throws BtkitError as openClients
 */
export function usualClient(io: Io): ClientAddress | null {
  const [url] = usualClients(io)
  return url === undefined ? null : clientAddress(url, io)
}

/** The refusal of a command line that names no client; `why` is its beginning. */
export function noClient(why: string): BtkitError {
  return usageError(`${why}use --client URL or set BTKIT_CLIENT; forms of the URL: ${CLIENT_FORMS}`)
}

/**
 * Returns the address of a client, with credentials from a file if the URL has none.
 * @throws BtkitError as openClients
 */
function clientAddress(url: string, io: Io): ClientAddress {
  return withCredentials(parseClientAddress(url), credentialsFile(io))
}

/**
 * Path of the credentials: NETRC as in curl, systemd's credentials directory, or the user's own
 * file; null without a home directory.
 */
function credentialsFile({ env, isRoot }: Io): string | null {
  if (env['NETRC']) return env['NETRC']
  if (env['CREDENTIALS_DIRECTORY']) return join(env['CREDENTIALS_DIRECTORY'], 'btkit.netrc')
  if (isRoot) return '/etc/btkit/netrc'
  const ofUser = xdgDirectory(env, 'XDG_CONFIG_HOME')
  if (ofUser !== null) return join(ofUser, 'btkit', 'netrc')
  const home = homeDirectory(env)
  return home === null ? null : join(home, '.config', 'btkit', 'netrc')
}

/** Options that say how a client sees the data. */
export interface SightOptions {
  readonly dataPrefix: readonly DataPrefix[]
  readonly trustDataPath?: true | undefined
  readonly followSymlinks?: boolean
}

/** A client that is to seed the torrents in directories. */
export function syncClient(
  { client, lastCalls, address }: NamedClient,
  { dataPrefix, trustDataPath, followSymlinks = false }: SightOptions,
  waiting: Waiting,
): SyncClient {
  return {
    client,
    lastCalls,
    isLocal: address.isLocal,
    trustsDirectories: trustDataPath ?? false,
    followSymlinks,
    remoteDirectory: (local) => remoteDirectory(local, dataPrefix),
    waiting,
  }
}

/** Whether a client is named. */
export function namesClient(client: readonly string[], io: Io): boolean {
  return client.length > 0 || usualClients(io).length > 0
}
