import { debuglog } from 'node:util'
import { escapeText } from './escape.js'
import { hideUrls } from './secrets.js'

const log = debuglog('btkit')

/**
 * Whether `NODE_DEBUG` names btkit. Code that decides very often asks it before it calls `trace`.
 */
export const isTraced = log.enabled

/**
 * Prints a decision and its reason to standard error, if that is wanted. Hides passwords and all
 * that may be passkeys.
 */
export function trace(words: () => string): void {
  if (isTraced) log('%s', escapeText(hideUrls(words())))
}
