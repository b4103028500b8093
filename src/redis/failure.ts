import { escapeText } from '../text/escape.js'
import { describeFailure } from '../text/network-failure.js'
import type { RedisAddress } from './client.js'

/** Most characters of a reason: a server can send any text. */
const MOST = 200

/** Describes in words why Redis failed, without the password. */
export function describeRedisFailure(
  error: unknown,
  { password }: RedisAddress,
  timeoutMs: number,
): string {
  const why = describeFailure(error, timeoutMs)
  // A server can even send the password it received
  const safe = password === '' ? why : why.replaceAll(password, '***')
  return escapeText(safe.slice(0, MOST))
}
