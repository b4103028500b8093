import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { BtkitError } from '../../../errors.js'
import { statIfThere } from '../../../files/stat-if-there.js'
import { RESERVED } from '../../../service/mirror/mirror.js'
import type { ListenPlace } from '../../../service/server/listen.js'
import { ClientAddresses } from '../../../service/web/client-address.js'
import type { ServiceOptions } from '../../../service/options.js'
import { reportWarning } from '../../output/messages.js'
import type { Io } from '../../io.js'
import type { ServeOptions } from './options.js'

/**
 * Translates a command line into what the service does.
 * @throws BtkitError when the root is no directory
 */
export function serviceOptions(root: string, options: ServeOptions, io: Io): ServiceOptions {
  const { followSymlinks, hidden, serviceName, webSeed, files, padFiles } = options
  const path = resolve(io.cwd, root)
  checkRoot(path)
  if (existsSync(join(path, RESERVED))) {
    reportWarning(`${join(root, RESERVED)}: not served, as /-/ tells of the service itself`, io)
  }
  return {
    mirror: { root: path, hidden, followSymlinks },
    serviceName,
    publicUrl: options.publicUrl ?? null,
    webSeeds: webSeed.map((url) => url.replace(/\/+$/, '')),
    markPadFiles: padFiles === 'bep47',
    files,
    clientAddresses: new ClientAddresses(options.trustProxy),
    limits: { ...options, maxReads: readsAtOnce(io) },
  }
}

/** Threads that Node has for work with files, unless the environment says otherwise. */
const FILE_THREADS = 4

/** Of these threads all but one: whoever looks at a file must not wait for downloads. */
function readsAtOnce({ env }: Io): number {
  return Math.max(1, (Number(env['UV_THREADPOOL_SIZE']) || FILE_THREADS) - 1)
}

/** Makes sure of the root as it is now; a link may lead elsewhere later. */
function checkRoot(root: string): void {
  const stats = statIfThere(root)
  if (!stats) throw new BtkitError('not-found', `${root}: no such directory`)
  if (!stats.isDirectory()) throw new BtkitError('not-found', `${root}: not a directory`)
}

/** Where to listen: what has a slash in it is a path. */
export function listenPlaces({ host, port }: ServeOptions, io: Io): ListenPlace[] {
  const hosts = host.length > 0 ? host : ['127.0.0.1']
  return hosts.map((each) => {
    return each.includes('/') ? { path: resolve(io.cwd, each) } : { host: bare(each), port }
  })
}

/** An IPv6 address may stand in brackets, as it does in URLs. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1')
}
