import { remembering } from '../remember.js'
import { clipText } from './escape.js'

// Messages, pages, logs and `config show` hide the passwords in URLs. Trackers of private torrents
// know their users by a key in the announce URL: whoever has it counts as that user, so keys are
// hidden, too.

/** Matches the password in a URL, which may have a further `@`. */
const PASSWORD = /(:\/\/[^/@\s:]*):[^/?#\s]*@/g

/**
 * The same in what is no URL: after the colon is no port, but a password with a slash or another
 * character that ends the host. It goes to the last `@`.
 */
const BROKEN = /(:\/\/[^/@\s:[]*):(?!\d*[/?#])[^/?#@\s]*[/?#]\S{0,255}@/g

/** Hides the passwords in URLs. */
export function hidePasswords(text: string): string {
  // Most messages have no URL
  if (!text.includes('://')) return text
  return text.replaceAll(PASSWORD, '$1:***@').replaceAll(BROKEN, '$1:***@')
}

/**
 * A URL for messages, cut if it is long, without a user, a password and the query. Other texts
 * stay.
 */
export function shownUrl(url: string): string {
  if (!/^[a-z]+:\/\//i.test(url)) return url
  const shown = hidePasswords(url).replace(/^([a-z]+:\/\/)[^/?#]*@/i, '$1')
  return clipText(shown.replace(/\?.*$/s, '?…'), 2000)
}

/** A URL as it may stand in a message, in quotes or a list, up to the end of its query. */
const URL_IN_TEXT = /\b(?:https?|udp|wss?):\/\/[^\s"'|,<>]+/gi

/** A user without a password that is a token, as of a forge: 16 characters with a digit. */
const TOKEN = /(?<![+\w])((?:https?|wss?):\/\/)(?=[\w-]*\d)[\w-]{16,}@/gi

/**
 * The parameters that hold keys, such as `passkey`, `torrent_pass` and `X-Amz-Signature`. A colon
 * at the end belongs to the sentence.
 */
const PARAMETER =
  /([?&;](?:[\w-]*(?:key|auth|pass|passwd|password|token|secret)|pid|(?:[\w-]*[_-])?sig(?:nature)?)=)(?:[^&;#\s:]|:(?!\s|$))+/gi

/**
 * Part of an announce path that is a key: 32 hexadecimal digits, a UUID, or 20 letters and digits.
 */
const PART =
  /(?<=\/)(?:[0-9a-f]{32,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{20,})(?=[/?#:]|$)/gi

/** Hides the passwords in URLs, and the keys of users in those of trackers. */
export function hideSecrets(text: string): string {
  if (!text.includes('://')) return text
  const known = hidePasswords(text).replaceAll(TOKEN, '$1***@')
  return known.replaceAll(URL_IN_TEXT, (url) => {
    const hidden = url.replaceAll(PARAMETER, '$1***')
    return /announce|scrape/i.test(hidden) ? hidden.replaceAll(PART, '***') : hidden
  })
}

/** Whether a URL seems to hold a password or the key of a user. */
export const hasSecret = remembering((url) => hideSecrets(url) !== url)

/** Matches the password in an address that lacks its scheme: `user:password@host`. */
const BARE_PASSWORD = /(?<![^\s[{,'])([^\s[{,':/@]+):[^/\s]+@/g

/**
 * The URL of a tracker up to its path, also with a wrong scheme. URLs of clients have a `+` before.
 */
const TRACKER = /(?<![+\w])(?!rediss?:|file:)[a-z]\w*:\/\/(?:\[[^\]\s]*\]|[^/?#\s,|[\]])+/

/** The same without a scheme, which a mistake may lack. */
const BARE_TRACKER = /(?<![\w/.:+@-])[\w-]+(?:\.[\w-]+)+(?::\d+)?(?=\/\S*(?:announce|scrape|=))/

/**
 * The rest: a comma, bracket, quote or colon is part of it unless a list or sentence goes on or
 * ends there.
 */
const REST = /[/?#](?:[^\s,|\]':]|,(?!\s|\w+:\/\/)|\](?![,\]\s]|$)|'(?!:|\s|$)|:(?!\s|$))*/

const TRACKER_URL = new RegExp(`(${TRACKER.source})(${REST.source})`, 'gi')
const BARE_TRACKER_URL = new RegExp(`(${BARE_TRACKER.source})(${REST.source})`, 'gi')

/** The parts of an announce path that no tracker uses as a passkey. */
const PLAIN_PART = /^(announce|scrape)?(\.php)?$/i

/**
 * Hides the passwords in URLs, and what can be a passkey: all parts of the path except `announce`,
 * and the values of the query.
 */
export function hideUrls(text: string): string {
  return hidePasswords(text).replaceAll(TRACKER_URL, hideRest)
}

/** The same, also in URLs that a person has mistyped. It may hide the names of files. */
export function hideAllSecrets(text: string): string {
  const bare = hideUrls(text).replaceAll(BARE_PASSWORD, '$1:***@')
  return bare.replaceAll(BARE_TRACKER_URL, hideRest)
}

function hideRest(_: string, host: string, rest: string): string {
  const [path = '', ...query] = rest.split(/(?=[?#])/)
  const parts = path.split('/').map((part) => (PLAIN_PART.test(part) ? part : '***'))
  return host + parts.join('/') + query.map((part) => `${part.slice(0, 1)}***`).join('')
}
