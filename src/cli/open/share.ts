import type { Decided } from '../configuration/parse.js'
import { BtkitError, nameErrors, usageError } from '../../base/errors.js'
import type { ShareRequest } from '../../fleet/shared-digests.js'
import { type RedisAddress, parseRedisUrl } from '../../fleet/redis/client.js'
import type { Io } from '../io.js'
import { resolve } from 'node:path'
import type { ShareRules } from '../../fleet/shares.js'
import { realPath } from '../../disk/look/inside.js'
import { readWhole } from '../../disk/look/read-bounded.js'
import { requireDirectory } from '../line/operands.js'
import { statIfThere } from '../../disk/look/stat-files.js'
import { describeOpenSecret } from '../../base/text/distrust.js'
import { Report, type ReportOptions } from '../output/report.js'
import type { AskedWorkers } from '../../fleet/ask-workers.js'
import type { ShareArguments } from '../options/share.js'

/**
 * The machines that a command line shares digests with; null for none.
 * @throws BtkitError `usage`, and for files and directories that cannot be read
 */
export function shareRequest(
  options: ShareArguments,
  typed: readonly Decided[],
  io: Io,
): ShareRequest | null {
  const address = sharedRedis(options, typed, io)
  if (address === null) {
    const unused = typed.find(({ entry: { key } }) => key === 'share' || key === 'share-key-file')
    if (unused && options.queue === undefined)
      throw usageError(`--${unused.entry.key} needs --cache-url, the Redis of the machines`)
    return null
  }
  const keys = readKeys(options, io)
  if (keys.length > 0) {
    return { address, keys, ...readShareRules(options, io) }
  }
  new Report({}, io).alert(
    '--cache-url: nothing is shared; name a file with the key by --share-key-file',
  )
  return null
}

/**
 * The Redis whose records a command maintains; null for none.
 * @throws BtkitError `usage`
 */
export function sharedRedis(
  options: { readonly cacheUrl?: string | undefined },
  typed: readonly Decided[],
  io: Io,
): RedisAddress | null {
  const url = options.cacheUrl ?? io.env['BTKIT_CACHE_URL']
  return url ? redisAddress(['--cache-url', url], typed, io) : null
}

/**
 * Finds the directories of shares.
 * @throws BtkitError `not-found`
 */
function readShareRules(
  { share }: Pick<ShareArguments, 'share'>,
  { cwd }: Pick<Io, 'cwd'>,
): ShareRules {
  const shares = share.map(({ name, path }) => {
    const directory = requireDirectory(resolve(cwd, path), `--share ${name}=${path}`)
    return { name, directory: realPath(directory) ?? directory }
  })
  return { shares }
}

/** The largest key file, and the shortest key, in bytes. */
const MAX_KEY_FILE = 4096
const SHORTEST_KEY = 32

/**
 * Reads one key or two of --share-key-file, a line each; none without it. The first is for new
 * records.
 * @throws BtkitError `usage` for short keys, `not-permitted` if all users can read the file
 */
function readKeys(
  { shareKeyFile }: Pick<ShareArguments, 'shareKeyFile'>,
  { cwd }: Pick<Io, 'cwd'>,
): Uint8Array[] {
  if (shareKeyFile === undefined) return []
  const file = resolve(cwd, shareKeyFile)
  const text = Buffer.from(readWhole(file, MAX_KEY_FILE)).toString()
  const why = describeOpenSecret(statIfThere(file)?.mode ?? 0)
  if (why !== null) throw new BtkitError('not-permitted', `${file}: ${why}`)
  const keys = text.split(/\s+/).filter((key) => key !== '')
  if (keys.length < 1 || keys.length > 2 || keys.some((key) => key.length < SHORTEST_KEY)) {
    const what = `must have one key or two, each of at least ${SHORTEST_KEY} characters in a line`
    throw usageError(`${file}: ${what}; make one with: openssl rand -hex 32`)
  }
  return keys.map((key) => Buffer.from(key))
}

/**
 * The address of the queue.
 * @throws BtkitError `usage`
 */
export function queueAddress(
  [name, url]: readonly [command: string, url: string | undefined],
  typed: readonly Decided[],
  io: Io,
): RedisAddress {
  if (url !== undefined) return redisAddress(['--queue', url], typed, io)
  throw usageError(`${name}: --queue URL is missing (the address of Redis)`)
}

/**
 * The keys and directories of jobs.
 * @throws BtkitError `usage` without a key or a directory, and for a file of keys that cannot be
 *   used
 */
export function queueShares(
  options: ShareArguments,
  io: Io,
): ShareRules & { readonly keys: readonly Uint8Array[] } {
  const keys = readKeys(options, io)
  if (keys.length === 0) throw missing('the file with the key by --share-key-file')
  if (options.share.length === 0) throw missing('the directories of all workers by --share')
  return { ...readShareRules(options, io), keys }
}

function missing(what: string): BtkitError {
  return usageError(`--queue: name ${what}`)
}

/**
 * The workers that a command line asks to hash; undefined for none. The caller must close them.
 * @throws BtkitError as queueAddress and queueShares
 */
export async function openWorkers(
  options: ShareArguments & ReportOptions,
  typed: readonly Decided[],
  io: Io,
): Promise<AskedWorkers | undefined> {
  if (options.queue === undefined) return undefined
  const address = redisAddress(['--queue', options.queue], typed, io)
  const shares = queueShares(options, io)
  const { alert: warn, note } = new Report(options, io)
  const { AskedWorkers } = await import('../../fleet/ask-workers.js')
  return new AskedWorkers({ ...shares, address, now: io.now, warn, note, signal: io.signal })
}

/** The largest file with a URL, in bytes. */
const MAX_SIZE = 4096

/**
 * Parses the URL of a Redis, or reads it from a file given as `file:PATH`.
 * @throws BtkitError `usage` for a bad URL, or for a password on the command line; and as
 *   readWhole
 */
export function redisAddress(
  [option, text]: readonly [option: string, text: string],
  typed: readonly Decided[],
  { cwd }: Pick<Io, 'cwd'>,
): RedisAddress {
  const isTyped = typed.some(({ entry }) => `--${entry.key}` === option)
  const file = text.startsWith('file:') ? resolve(cwd, text.slice('file:'.length)) : null
  const url = file === null ? text : Buffer.from(readWhole(file, MAX_SIZE)).toString().trim()
  const what = file === null ? option : `${option}: ${file}`
  const address = nameErrors(what, () => parseRedisUrl(url))
  if (!isTyped || file !== null || !address.options.password) return address
  const why = 'other users can see a password on a command line'
  throw usageError(`${option}: ${why}; write the URL in a file and give file:PATH`)
}
