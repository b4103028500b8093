import { Option } from '@commander-js/extra-typings'
import { warningsTo } from '../output/messages.js'
import type { AskedWorkers } from '../../fleet/ask-workers.js'
import type { ShareRules } from '../../fleet/shares.js'
import { BtkitError } from '../../errors.js'
import type { RedisAddress } from '../../redis/client.js'
import type { Io } from '../io.js'
import { checkedUrl } from './share-options.js'
import type { ShareArguments } from './share-request.js'

export function queueOption(description: string) {
  return new Option('--queue <url>', description).argParser(checkedUrl('--queue'))
}

/** How a command line was parsed, to tell a typed URL from a configured one. */
interface Origins {
  readonly getOptionValueSource: (name: 'queue') => string | undefined
}

/**
 * The address of the queue.
 * @throws BtkitError `usage`
 */
export async function queueAddress(url: string, origins: Origins, io: Io): Promise<RedisAddress> {
  const { redisAddress } = await import('./redis-url.js')
  const isTyped = origins.getOptionValueSource('queue') === 'cli'
  return redisAddress(url, { option: '--queue', isTyped }, io)
}

/** The options of commands that hash through a queue. */
export type QueueArguments = Pick<ShareArguments, 'share' | 'shareMtime' | 'shareKeyFile'>

/**
 * The keys and directories of jobs.
 * @throws BtkitError `usage` without a key or a directory, and as readShareKeys
 */
export async function queueShares(
  options: QueueArguments,
  io: Io,
): Promise<ShareRules & { readonly keys: readonly Uint8Array[] }> {
  const { readShareKeys, readShareRules } = await import('./share-request.js')
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
  origins: Origins,
  io: Io,
): Promise<AskedWorkers | undefined> {
  if (options.queue === undefined) return undefined
  const address = await queueAddress(options.queue, origins, io)
  const shares = await queueShares(options, io)
  const warn = warningsTo(io)
  const { AskedWorkers } = await import('../../fleet/ask-workers.js')
  return new AskedWorkers({ ...shares, address, now: io.now, warn, signal: io.signal })
}
