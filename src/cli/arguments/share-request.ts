import { resolve } from 'node:path'
import type { ShareRequest } from '../../fleet/shared-digests.js'
import { UNUSED_FOR } from '../../core/cache/prune.js'
import type { ShareRules } from '../../fleet/shares.js'
import { BtkitError } from '../../errors.js'
import { realPath } from '../../files/inside.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { statIfThere } from '../../files/stat-files.js'
import type { Io } from '../io.js'
import { reportWarning } from '../output/messages.js'
import { redisAddress } from './redis-url.js'

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
