import {
  type Command,
  InvalidArgumentError,
  Option,
  type OptionValues,
} from '@commander-js/extra-typings'
import { BtkitError, nameErrors } from '../../errors.js'
import type { ShareRequest } from '../../fleet/shared-digests.js'
import { type RedisAddress, parseRedisUrl } from '../../redis/client.js'
import type { Io } from '../io.js'
import { wholeNumber } from './values.js'
import { resolve } from 'node:path'
import { UNUSED_FOR } from '../../core/cache/prune.js'
import type { ShareRules } from '../../fleet/shares.js'
import { realPath } from '../../files/inside.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { statIfThere } from '../../files/stat-files.js'
import { reportWarning, warningsTo } from '../output/messages.js'
import type { AskedWorkers } from '../../fleet/ask-workers.js'

/** How a command line was parsed, to tell typed options from configured ones. */
interface Origins {
  readonly getOptionValueSource: (name: 'cacheUrl') => string | undefined
}

export function cacheUrlOption() {
  return new Option(
    '--cache-url <url>',
    'share digests through this Redis; file:PATH reads the URL',
  ).argParser(checkedUrl('--cache-url'))
}

export function shareOption() {
  return new Option('--share <name=dir>', 'name a directory that other machines have (repeatable)')
    .argParser(namedDirectories)
    .default([] as NamedDirectory[])
}

function shareMtimeOption() {
  return new Option('--share-mtime <unit>', 'choose how far times of shared files must match')
    .choices(['exact', 'seconds'] as const)
    .default('exact' as const, 'exact')
}

/** The option `--share-check`: a number, Infinity for all. */
function shareCheckOption() {
  return new Option('--share-check <n>', 'check this many pieces of a shared file; all, none')
    .argParser(checkedPieces)
    .default(1, '1')
}

export function shareKeyFileOption() {
  return new Option('--share-key-file <file>', 'sign shared records with the key in this file')
}

export function shareMachineOption() {
  return new Option(
    '--share-machine <name>',
    'set the name of this machine (default: its host name)',
  ).argParser(machineName)
}

/** Declares all options that share digests with other machines, in a group of their own. */
export function declareShareOptions<
  Arguments extends unknown[],
  Options extends OptionValues,
  Globals extends OptionValues,
>(command: Command<Arguments, Options, Globals>) {
  return command
    .optionsGroup('Several machines:')
    .addOption(cacheUrlOption())
    .addOption(shareOption())
    .addOption(shareMtimeOption())
    .addOption(shareCheckOption())
    .addOption(shareKeyFileOption())
}

/**
 * The machines that a command line shares digests with; null for none.
 * @throws BtkitError `usage`, and for files and directories that cannot be read
 */
export function shareRequest(
  options: ShareArguments,
  origins: Origins,
  io: Io,
): ShareRequest | null {
  const found = foundUrl(options, origins, io)
  if (found === null) return null
  return readShareRequest({ ...options, ...found }, io)
}

/** Parses the URL of a Redis, or `file:PATH`. */
export function checkedUrl(option: string): (text: string) => string {
  return (text) => {
    if (!text.startsWith('file:')) nameErrors(option, () => parseRedisUrl(text))
    return text
  }
}

const NAME = /^[\w.-]{1,64}$/

function namedDirectories(text: string, previous: NamedDirectory[]): NamedDirectory[] {
  const at = text.indexOf('=')
  const [name, path] = [text.slice(0, at), text.slice(at + 1)]
  if (at >= 0 && NAME.test(name) && path !== '') return [...previous, { name, path }]
  throw new InvalidArgumentError('not NAME=DIRECTORY, with letters, digits, . _ - in the name')
}

/** Parses a machine's name. */
export function machineName(text: string): string {
  if (NAME.test(text)) return text
  throw new InvalidArgumentError('not a name of letters, digits, . _ -')
}

function checkedPieces(text: string): number {
  if (text === 'all') return Infinity
  return text === 'none' ? 0 : wholeNumber(1, 1e6)(text)
}

/**
 * The Redis whose records a command maintains; null for none.
 * @throws BtkitError `usage`
 */
export function sharedRedis(
  options: Pick<ShareArguments, 'cacheUrl'>,
  origins: Origins,
  io: Io,
): RedisAddress | null {
  const found = foundUrl(options, origins, io)
  if (found === null) return null
  return redisAddress(found.url, { option: '--cache-url', isTyped: found.isTyped }, io)
}

/** The URL of the Redis, and whether it is on the command line; null if there is none. */
function foundUrl({ cacheUrl }: Pick<ShareArguments, 'cacheUrl'>, origins: Origins, { env }: Io) {
  const url = cacheUrl ?? env['BTKIT_CACHE_URL']
  return url ? { url, isTyped: origins.getOptionValueSource('cacheUrl') === 'cli' } : null
}

/** The options that share digests. */
export interface ShareArguments {
  readonly cacheUrl?: string | undefined
  readonly share: readonly NamedDirectory[]
  readonly shareMtime: 'exact' | 'seconds'
  readonly shareCheck: number
  readonly shareKeyFile?: string | undefined
  readonly unusedFor?: number
}

/** A value of `--share`. */
export interface NamedDirectory {
  readonly name: string
  readonly path: string
}

/** The options with the URL of the Redis, and whether that was on the command line. */
export interface FoundArguments extends ShareArguments {
  readonly url: string
  readonly isTyped: boolean
}

/**
 * Reads keys and directories of a request; null if nothing can be shared.
 * @throws BtkitError `usage`, and for files and directories that cannot be read
 */
export function readShareRequest(options: FoundArguments, io: Io): ShareRequest | null {
  const { url, isTyped } = options
  const address = redisAddress(url, { option: '--cache-url', isTyped }, io)
  const keys = readShareKeys(options, io)
  if (keys.length === 0) {
    reportWarning(
      '--cache-url: nothing is shared; name a file with the key by --share-key-file',
      io,
    )
    return null
  }
  return {
    address,
    keys,
    ...readShareRules(options, io),
    check: options.shareCheck,
    unusedFor: options.unusedFor ?? UNUSED_FOR,
  }
}

/**
 * Finds the directories of shares.
 * @throws BtkitError `not-found`
 */
export function readShareRules(
  { share, shareMtime }: Pick<ShareArguments, 'share' | 'shareMtime'>,
  { cwd }: Pick<Io, 'cwd'>,
): ShareRules {
  const shares = share.map(({ name, path }) => {
    const directory = realPath(resolve(cwd, path))
    if (directory !== null && statIfThere(directory)?.isDirectory() === true)
      return { name, directory }
    const why = directory === null ? 'no such directory' : 'not a directory'
    throw new BtkitError('not-found', `--share ${name}=${path}: ${why}`)
  })
  return { shares, inSeconds: shareMtime === 'seconds' }
}

/**
 * Reads the keys of --share-key-file; none without it.
 * @throws BtkitError `usage` for short keys, `not-permitted` if all users can read the file
 */
export function readShareKeys(
  { shareKeyFile }: Pick<ShareArguments, 'shareKeyFile'>,
  { cwd }: Pick<Io, 'cwd'>,
): Uint8Array[] {
  return shareKeyFile === undefined ? [] : readKeys(resolve(cwd, shareKeyFile))
}

/** The largest key file, and the shortest key, in bytes. */
const MAX_KEY_FILE = 4096
const SHORTEST_KEY = 32

/** Mode bits that give access to other users than the owner and the group. */
const OTHERS = 0o007

/**
 * Reads one key or two, a line each. The first is for new records.
 * @throws BtkitError `usage` for short keys, `not-permitted` if all users can read the file
 */
function readKeys(file: string): Uint8Array[] {
  const text = Buffer.from(readBoundedRegular(file, MAX_KEY_FILE)).toString()
  const mode = statIfThere(file)?.mode ?? 0
  if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
    throw new BtkitError('not-permitted', `${file}: all users can read it; run chmod 640 on it`)
  }
  const keys = text.split(/\s+/).filter((key) => key !== '')
  if (keys.length < 1 || keys.length > 2 || keys.some((key) => key.length < SHORTEST_KEY)) {
    const what = `must have one key or two, each of at least ${SHORTEST_KEY} characters in a line`
    throw new BtkitError('usage', `${file}: ${what}; make one with: openssl rand -hex 32`)
  }
  return keys.map((key) => Buffer.from(key))
}

export function queueOption(description: string) {
  return new Option('--queue <url>', description).argParser(checkedUrl('--queue'))
}

/** How a command line was parsed, to tell a typed URL from a configured one. */
interface QueueOrigins {
  readonly getOptionValueSource: (name: 'queue') => string | undefined
}

/**
 * The address of the queue.
 * @throws BtkitError `usage`
 */
export function queueAddress(url: string, origins: QueueOrigins, io: Io): RedisAddress {
  const isTyped = origins.getOptionValueSource('queue') === 'cli'
  return redisAddress(url, { option: '--queue', isTyped }, io)
}

/** The options of commands that hash through a queue. */
export type QueueArguments = Pick<ShareArguments, 'share' | 'shareMtime' | 'shareKeyFile'>

/**
 * The keys and directories of jobs.
 * @throws BtkitError `usage` without a key or a directory, and as readShareKeys
 */
export function queueShares(
  options: QueueArguments,
  io: Io,
): ShareRules & { readonly keys: readonly Uint8Array[] } {
  const keys = readShareKeys(options, io)
  if (keys.length === 0) throw missing('the file with the key by --share-key-file')
  if (options.share.length === 0) throw missing('the directories of all workers by --share')
  return { ...readShareRules(options, io), keys }
}

function missing(what: string): BtkitError {
  return new BtkitError('usage', `--queue: name ${what}`)
}

/**
 * The workers that a command line asks to hash; undefined for none. The caller must close them.
 * @throws BtkitError as queueAddress and queueShares
 */
export async function openWorkers(
  options: QueueArguments & { readonly queue?: string | undefined },
  origins: QueueOrigins,
  io: Io,
): Promise<AskedWorkers | undefined> {
  if (options.queue === undefined) return undefined
  const address = queueAddress(options.queue, origins, io)
  const shares = queueShares(options, io)
  const warn = warningsTo(io)
  const { AskedWorkers } = await import('../../fleet/ask-workers.js')
  return new AskedWorkers({ ...shares, address, now: io.now, warn, signal: io.signal })
}

/** The largest file with a URL, in bytes. */
const MAX_SIZE = 4096

/** Where the URL of a Redis comes from. */
export interface RedisUrlSource {
  /** The name of its option. */
  readonly option: string
  /** Whether it is on the command line, which other users can see. */
  readonly isTyped: boolean
}

/**
 * Parses the URL of a Redis, or reads it from a file given as `file:PATH`.
 * @throws BtkitError `usage` for a bad URL, or for a password on the command line; and as readBounded
 */
export function redisAddress(
  text: string,
  { option, isTyped }: RedisUrlSource,
  { cwd }: Pick<Io, 'cwd'>,
): RedisAddress {
  const file = text.startsWith('file:') ? resolve(cwd, text.slice('file:'.length)) : null
  const url =
    file === null ? text : Buffer.from(readBoundedRegular(file, MAX_SIZE)).toString().trim()
  const what = file === null ? option : `${option}: ${file}`
  const address = nameErrors(what, () => parseRedisUrl(url))
  if (!isTyped || file !== null || address.password === '') return address
  const why = 'other users can see a password on a command line'
  throw new BtkitError('usage', `${option}: ${why}; write the URL in a file and give file:PATH`)
}
