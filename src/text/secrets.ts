// Configurations have passwords and the keys of users in their URLs. Messages and `config show` hide them.

/** Matches the password in a URL, which may have a further `@`. */
const PASSWORD = /(:\/\/[^/@\s:]*):[^/?#\s]*@/g

/** Hides the passwords in URLs. */
export function hidePasswords(text: string): string {
  return text.replaceAll(PASSWORD, '$1:***@')
}

/** Matches the password in an address that lacks its scheme: `user:password@host`. */
const BARE_PASSWORD = /(?<![^\s[{,'])([^\s[{,':/@]+):[^/\s]+@/g

/** The URL of a tracker up to its path, also with a wrong scheme. URLs of clients have a `+` before. */
const TRACKER = /(?<![+\w])(?!rediss?:|file:)[a-z]\w*:\/\/(?:\[[^\]\s]*\]|[^/?#\s,|[\]])+/

/** The same without a scheme, which a mistake may lack. */
const BARE_TRACKER = /(?<![\w/.:+@-])[\w-]+(?:\.[\w-]+)+(?::\d+)?(?=\/\S*(?:announce|scrape|=))/

/** The rest: a comma, bracket, quote or colon is part of it unless a list or sentence goes on or ends there. */
const REST = /[/?#](?:[^\s,|\]':]|,(?!\s|\w+:\/\/)|\](?![,\]\s]|$)|'(?!:|\s|$)|:(?!\s|$))*/

const TRACKER_URL = new RegExp(`(${TRACKER.source}|${BARE_TRACKER.source})(${REST.source})`, 'gi')

/** The parts of an announce path that no tracker uses as a passkey. */
const PLAIN_PART = /^(announce|scrape)?(\.php)?$/i

/**
 * Hides the passwords in URLs, and what can be a passkey in those of trackers: all parts of the path
 * except `announce`, and the values of the query.
 */
export function hideSecrets(text: string): string {
  return hidePasswords(text)
    .replaceAll(BARE_PASSWORD, '$1:***@')
    .replaceAll(TRACKER_URL, (_, host: string, rest: string) => {
      const [path = '', ...query] = rest.split(/(?=[?#])/)
      const parts = path.split('/').map((part) => (PLAIN_PART.test(part) ? part : '***'))
      return host + parts.join('/') + query.map((part) => `${part.slice(0, 1)}***`).join('')
    })
}
