import {
  InvalidArgumentError,
  Option,
  type Command,
  type OptionValues,
} from '@commander-js/extra-typings'
import { nameErrors } from '../../errors.js'
import type { ShareRequest } from '../../fleet/shared-digests.js'
import { parseRedisUrl, type RedisAddress } from '../../redis/client.js'
import type { Io } from '../io.js'
import type { NamedDirectory, ShareArguments } from './share-request.js'
import { wholeNumber } from './values.js'

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
export async function shareRequest(
  options: ShareArguments,
  origins: Origins,
  io: Io,
): Promise<ShareRequest | null> {
  const found = foundUrl(options, origins, io)
  if (found === null) return null
  const { readShareRequest } = await import('./share-request.js')
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
export async function sharedRedis(
  options: Pick<ShareArguments, 'cacheUrl'>,
  origins: Origins,
  io: Io,
): Promise<RedisAddress | null> {
  const found = foundUrl(options, origins, io)
  if (found === null) return null
  const { redisAddress } = await import('./redis-url.js')
  return redisAddress(found.url, { option: '--cache-url', isTyped: found.isTyped }, io)
}

/** The URL of the Redis, and whether it is on the command line; null if there is none. */
function foundUrl({ cacheUrl }: Pick<ShareArguments, 'cacheUrl'>, origins: Origins, { env }: Io) {
  const url = cacheUrl ?? env['BTKIT_CACHE_URL']
  return url ? { url, isTyped: origins.getOptionValueSource('cacheUrl') === 'cli' } : null
}
