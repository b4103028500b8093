/** Matches the password in a URL, which must not be shown. */
const PASSWORD = /(:\/\/[^/@\s:]*):[^/@\s]*@/g

/** Hides the passwords in URLs. */
export function hidePasswords(text: string): string {
  return text.replaceAll(PASSWORD, '$1:***@')
}

/**
 * A tracker's URL: everything before its path, and the rest. URLs of clients have a `+` before. A
 * comma or bracket is part of it unless a list goes on or ends there.
 */
const TRACKER_URL =
  /(?<![+\w])((?:https?|udp|wss?):\/\/(?:\[[^\]\s]*\]|[^/?#\s,|[\]])+)([/?#](?:[^\s,|\]]|,(?!\s|\w+:\/\/)|\](?![,\]\s]|$))*)/gi

/** The parts of an announce path that no tracker uses as a passkey. */
const PLAIN_PART = /^(announce|scrape)?(\.php)?$/i

/**
 * Hides the passwords in URLs, and what can be a passkey in those of trackers: all parts of the path
 * except `announce`, and the values of the query.
 */
export function hideSecrets(text: string): string {
  return hidePasswords(text).replaceAll(TRACKER_URL, (_, host: string, rest: string) => {
    const [path = '', ...query] = rest.split(/(?=[?#])/)
    const parts = path.split('/').map((part) => (PLAIN_PART.test(part) ? part : '***'))
    return host + parts.join('/') + query.map((part) => `${part.slice(0, 1)}***`).join('')
  })
}
