import { resolve } from 'node:path'
import { BtkitError, nameErrors } from '../../errors.js'
import { readBoundedRegular } from '../../files/read-bounded.js'
import { parseRedisUrl, type RedisAddress } from '../../redis/client.js'
import type { Io } from '../io.js'

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
