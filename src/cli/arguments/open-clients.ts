import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseClientAddress, type ClientAddress } from '../../clients/address.js'
import { connectClient } from '../../clients/connect.js'
import { withCredentials } from '../../clients/credentials.js'
import type { TorrentClient } from '../../core/publish/client.js'
import type { SyncClient } from '../../core/publish/sync.js'
import type { Waiting } from '../../core/publish/wait-for.js'
import { BtkitError } from '../../errors.js'
import { isWithin } from '../../files/inside.js'
import type { Io } from '../io.js'
import type { DataPrefix } from './client-options.js'

/** A client that a command line names. */
export interface NamedClient {
  readonly client: TorrentClient
  /** The same client for calls after an interruption. */
  readonly lastCalls: TorrentClient
  readonly address: ClientAddress
}

/** How long a client may take to answer after an interruption, in milliseconds. */
const LAST_CALL_MS = 3000

/**
 * The clients that a command line asks for, or the environment if it names none (BTKIT_CLIENT, with
 * spaces between several). Nothing is sent to them yet.
 * @throws BtkitError `usage` when there is none or an address is wrong, and those of withCredentials
 */
export function openClients(urls: readonly string[], timeoutMs: number, io: Io): NamedClient[] {
  const named = urls.length > 0 ? urls : (io.env['BTKIT_CLIENT'] ?? '').split(/\s+/).filter(Boolean)
  if (named.length === 0) {
    throw new BtkitError('usage', 'no client given (--client, or BTKIT_CLIENT)')
  }
  return named.map((url) => {
    const address = withCredentials(parseClientAddress(url), credentialsFile(io))
    const never = new AbortController().signal
    const lastCalls = connectClient(address, { timeoutMs: LAST_CALL_MS, signal: never })
    return { client: connectClient(address, { timeoutMs, signal: io.signal }), lastCalls, address }
  })
}

/** Where credentials may lie: NETRC as curl has it, systemd's directory, or the user's own. */
function credentialsFile({ env, isRoot }: Io): string {
  if (env['NETRC']) return env['NETRC']
  if (env['CREDENTIALS_DIRECTORY']) return join(env['CREDENTIALS_DIRECTORY'], 'btkit.netrc')
  if (isRoot) return '/etc/btkit/netrc'
  const home = env['HOME'] || homedir()
  return join(env['XDG_CONFIG_HOME'] || join(home, '.config'), 'btkit', 'netrc')
}

/** What a client sees a directory of this machine as; the longest prefix counts. */
export function remoteDirectory(local: string, prefixes: readonly DataPrefix[]): string {
  const fitting = prefixes.filter((prefix) => isWithin(local, prefix.local))
  fitting.sort((a, b) => b.local.length - a.local.length)
  const [prefix] = fitting
  if (!prefix) return local
  const below = local.slice(prefix.local === '/' ? 0 : prefix.local.length)
  return prefix.remote.replace(/\/$/, '') + below || '/'
}

/** How a client sees the data of torrents, as a command line says. */
export interface SightOptions {
  readonly dataPrefix: readonly DataPrefix[]
  readonly trustDataPath?: true | undefined
}

/** A client that is to seed the torrents of directories. */
export function syncClient(
  { client, lastCalls, address }: NamedClient,
  { dataPrefix, trustDataPath }: SightOptions,
  waiting: Waiting,
): SyncClient {
  return {
    client,
    lastCalls,
    isLocal: address.isLocal,
    trustsDirectories: trustDataPath ?? false,
    remoteDirectory: (local) => remoteDirectory(local, dataPrefix),
    waiting,
  }
}

/** How to wait for a client, at most that many milliseconds. */
export function waitingFor(limitMs: number, { monotonic, signal }: Io): Waiting {
  const sleep = async (ms: number) => {
    await setTimeout(ms, undefined, { signal }).catch(() => undefined)
  }
  return { limitMs, monotonic, sleep, signal }
}
