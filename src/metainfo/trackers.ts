import { BtkitError } from '../base/errors.js'
import { encodeName, encodePercent } from '../base/percent.js'
import { remembering } from '../base/remember.js'
import { shownUrl } from '../base/text/secrets.js'
import type { DhtNode, TrackerUrl } from './values.js'

const TRACKER = /^(https?|udp|wss?):\/\/[^/?#\s]+([/?#]\S*)?$/i
/** Matches a host in front of a port or path, without `http://`. */
const BARE_HOST =
  /^(localhost|\[[\da-f:.]+\]|[\p{L}\p{N}_-]+(\.[\p{L}\p{N}_-]+)+|[\p{L}\p{N}_-]+(?=:\d))(:\d+)?([/?]|$)/iu
const SEED = /^(https?|ftp):\/\/[^/?#\s]+([/?#]\S*)?$/i

/** Whether an argument is meant as a URL (even a mistyped one), not as a path or a magnet link. */
export function looksLikeUrl(text: string): boolean {
  return /^['"]?(?!magnet:)[a-z][a-z0-9+.-]*:\/\//i.test(text)
}

/** Whether a text is several URLs with commas, bars or white space between them. */
export function isUrlList(text: string): boolean {
  return /\S[,|\s]\s*[a-z][a-z0-9+.-]*:\/\//i.test(text)
}

/** Whether clients accept a URL as a tracker. */
export function isTracker(url: string): url is TrackerUrl {
  return isRightTracker(url)
}

const isRightTracker = remembering((url) => {
  return TRACKER.test(url) && !isUrlList(url) && URL.canParse(url) && portIn(url) !== 0
})

/** The port that a URL names; null if it names none. */
function portIn(url: string): number | null {
  const port = /^[a-z]+:\/\/[^/?#]*:(\d+)(?=[/?#]|$)/i.exec(url)?.[1]
  return port === undefined ? null : Number(port)
}

/** Whether clients accept a URL as a web seed (BEP 19) or HTTP seed (BEP 17). */
export function isSeed(url: string): boolean {
  return SEED.test(url) && !isUrlList(url) && URL.canParse(url)
}

/** A key of the seeds at one address, however case, port and last slash are written. */
export function seedKey(url: string): string {
  return (URL.canParse(url) ? new URL(url).href : url).replace(/\/+$/, '')
}

/** The seeds of which none is there before, as they are written first. */
export function distinctSeeds(urls: readonly string[], keyOf = seedKey): string[] {
  const keys = urls.map((url) => keyOf(url))
  return urls.filter((_, i) => keys.indexOf(keys[i] ?? '') === i)
}

/** The tiers without trackers that are in one before, and without those that are empty then. */
export function distinctTiers<Url extends string>(tiers: readonly (readonly Url[])[]): Url[][] {
  const seen = new Set<Url>()
  const isNew = (url: Url) => !seen.has(url) && seen.add(url)
  return tiers.map((tier) => tier.filter(isNew)).filter(({ length }) => length > 0)
}

/** Whether a URL leads each client to its own machine. */
export function isLocal(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : ''
  return /^(localhost|127\.[\d.]+|\[::1\])$/i.test(host)
}

/** A character that URLs do not have (RFC 3986), or a percent sign that begins no code. */
const ODD = /%(?![\dA-Fa-f]{2})|[^\w.~:/?[\]@!$&'()*+,;=%-]/gu
const ODDS = new RegExp(`(?:${ODD.source})+`, 'gu')
const BEYOND_ASCII = /\P{ASCII}+/gu

/** The invisible characters at the end of a URL that pages copy with it. */
export const INVISIBLE_END = /(?<![\u200b-\u200f\u2060\ufeff])[\u200b-\u200f\u2060\ufeff]+$/

/**
 * Returns a URL as torrents store it: the scheme in small letters (RFC 3986, section 3.1), the host
 * in punycode, and all other characters that URLs do not have in percent form. Clients drop a
 * tracker or seed with such characters, or convert them each in its own way.
 */
export function storedUrl(given: string): string {
  const url = given.replace(/^[a-z]+(?=:\/\/)/i, (scheme) => scheme.toLowerCase())
  if (!hasOdd(url)) return url
  const [, begin = '', host = '', rest = url] =
    /^([a-z]+:\/\/(?:[^/?#@]*@)?)([^/?#:@[\]]+)(.*)$/is.exec(url) ?? []
  return begin.replace(ODDS, encodePercent) + asciiHost(host) + rest.replace(ODDS, encodePercent)
}

/**
 * The URL of content as `storedUrl`, without a fragment, which is never sent.
 * @throws BtkitError `usage`
 */
export function contentUrl(given: string): string {
  const url = storedUrl(given.replace(/#.*/, ''))
  if (isSeed(url) && /^http/.test(url)) return url
  throw new BtkitError('usage', `${shownUrl(given)}: content is read from an http or https URL`)
}

/** The forms that a typed URL may have in torrents: as it was typed, and as `storedUrl`. */
export function urlForms(url: string): string[] {
  return [...new Set([url, storedUrl(url)])]
}

/** Whether a URL has characters that URLs do not have. */
export function hasOdd(url: string): boolean {
  return url.search(ODD) !== -1
}

/** Returns a host in punycode; unchanged if it is ASCII, or no host. */
function asciiHost(host: string): string {
  const isConverted = host.search(BEYOND_ASCII) !== -1 && URL.canParse(`http://${host}`)
  return isConverted ? new URL(`http://${host}`).hostname : host
}

/**
 * Checks the URL of a tracker, and returns it as `storedUrl`, without a fragment: no client sends
 * one.
 * @throws BtkitError `usage`
 */
export function checkTracker(given: string): TrackerUrl {
  const url = given.replace(/#.*/, '')
  const stored = typedUrl(url)
  if (isTracker(stored) && !hasOdd(stored)) return stored
  const isBare = BARE_HOST.test(url) && isTracker(`http://${url}`)
  // A signed URL of content may be meant
  const isSigned = /[?@]/.test(given) && !/announce/i.test(given)
  const inUrl = isSigned ? faultyPort(url) : faultIn(url, isTracker)
  const fault = isBare
    ? `no http:// or udp:// in front; type http://${url}${/[/?]/.test(url) ? '' : '/announce'}`
    : (inUrl ?? 'not an http, https, udp, ws or wss URL')
  // In full, so that a password with # is hidden
  throw new BtkitError('usage', `tracker '${isSigned ? shownUrl(given) : given}': ${fault}`).in(
    'trackers',
  )
}

/** Returns a URL as `storedUrl`; unchanged if more than letters beyond ASCII would be converted. */
function typedUrl(url: string): string {
  return hasOdd(url.replace(BEYOND_ASCII, '')) || INVISIBLE_END.test(url) ? url : storedUrl(url)
}

/** Returns the URL of the tracker at a port of a URL's host. */
export function announceUrlAt(
  { hostname }: URL,
  scheme: 'http' | 'https',
  port: number,
): TrackerUrl {
  // Whatever host a URL has, it fits into another one
  return `${scheme}://${hostname}:${port}/announce` as TrackerUrl
}

/** The two ways to download content from a server: web seeds (BEP 19) and HTTP seeds (BEP 17). */
export type SeedKind = 'web seed' | 'HTTP seed'

/**
 * Checks the URL of a seed, and returns it as `storedUrl`.
 * @throws BtkitError `usage`
 */
export function checkSeed(url: string, kind: SeedKind): string {
  const stored = typedUrl(url)
  if (isSeed(stored) && !hasOdd(stored)) return stored
  const fault = faultIn(url, isSeed) ?? 'not an http, https or ftp URL'
  const field = kind === 'web seed' ? 'webSeeds' : 'httpSeeds'
  throw new BtkitError('usage', `${kind} '${url}': ${fault}`).in(field)
}

/**
 * Names a list, a character or a port that alone makes a URL wrong; null if something else is
 * wrong.
 */
export function faultIn(url: string, isRight: (url: string) => boolean): string | null {
  if (isUrlList(url)) return 'several URLs; give each by itself'
  const bare = /^['"](.*?)['"]?$/.exec(url)?.[1]
  if (bare !== undefined && isRight(bare)) return `has quotes in it; type ${bare}`
  if (INVISIBLE_END.test(url))
    return `has invisible characters at its end; type ${url.replace(INVISIBLE_END, '')}`
  const stored = storedUrl(url.trim())
  if (stored !== url && isRight(stored) && !hasOdd(stored)) {
    const [odd = ' '] = url.replace(BEYOND_ASCII, '').match(ODD) ?? []
    return `has ${odd === ' ' ? 'a blank' : `'${odd}'`}; type ${stored}`
  }
  return faultyPort(url)
}

/** Says why the port of a URL cannot be; null if it can. */
export function faultyPort(url: string): string | null {
  const port = portIn(url)
  if (port === 0) return 'port 0 is below 1'
  return port !== null && port > 65_535 ? `port ${port} is above 65535` : null
}

/**
 * Parses BitTornado's notation of an announce list (BEP 12): commas between the trackers of a tier,
 * bars between tiers.
 * @throws BtkitError `usage`
 */
export function parseAnnounceList(text: string): TrackerUrl[][] {
  return splitTiers(text, ',').map((tier) => tier.map(checkTracker))
}

/** A comma before a URL or the end. Any other comma is part of a URL. */
const BEFORE_URL = /,(?=\s*(?:[a-z][a-z0-9+.-]*:\/\/|$))/i

/**
 * Parses the tracker among the arguments of a command: a URL, or a list in which `|` begins a tier.
 * @throws BtkitError `usage`
 */
export function parseTrackers(text: string): TrackerUrl[][] {
  return splitTiers(text).map((tier) => tier.map(checkTracker))
}

/** Separates trackers as `parseTrackers` does, without a look at them. */
export function splitTiers(text: string, separator: string | RegExp = BEFORE_URL): string[][] {
  return text.split('|').map((tier) => tier.split(separator).map((url) => url.trim()))
}

/** Formats an announce list in BitTornado's notation. */
export function formatAnnounceList(tiers: readonly (readonly string[])[]): string {
  return tiers.map((tier) => tier.join(',')).join('|')
}

/** Formats an announce list with a tracker a line, and an empty line before the next tier. */
export function formatTiers(tiers: readonly (readonly string[])[]): string {
  return tiers.map((tier) => tier.join('\n')).join('\n\n')
}

/**
 * Parses seeds that are separated by bars or commas.
 * @throws BtkitError `usage`
 */
export function parseSeeds(text: string, kind: SeedKind): string[] {
  const seeds = text.split('|').flatMap((part) => part.split(BEFORE_URL))
  return seeds.map((url) => checkSeed(url.trim(), kind))
}

/** Returns the URL of a directory below `base`, percent-encoded, with a slash at the end. */
export function directoryAddress(base: string, directory: readonly string[]): string {
  return [base, ...directory.map(encodeName), ''].join('/')
}

/** Returns the URL of a file below `base`, percent-encoded. `base` has no slash at its end. */
export function fileAddress(base: string, path: readonly string[]): string {
  return [base, ...path.map(encodeName)].join('/')
}

/** The entries of a torrent that name its trackers (BEP 12). */
export interface NamedTrackers {
  readonly announce: string | null
  readonly announceList: readonly (readonly string[])[] | null
}

/**
 * Returns the tracker URLs of a torrent in tiers, as clients use them: `announce` counts only
 * without a list (BEP 12). A list that names none is no list, and blanks around a URL are left out,
 * as in libtorrent.
 */
export function trackerTiers({ announce, announceList }: NamedTrackers): string[][] {
  const trimmed = (tier: readonly string[]) => tier.map((url) => url.trim()).filter(Boolean)
  const tiers = (lists: readonly (readonly string[])[]) =>
    lists.map(trimmed).filter((tier) => tier.length > 0)
  const listed = tiers(announceList ?? [])
  return listed.length > 0 || announce === null ? listed : tiers([[announce]])
}

/** Whether a torrent names any tracker. */
export function hasTracker(trackers: NamedTrackers): boolean {
  return announceUrls(trackers).length > 0
}

/** Returns each tracker once, first the announce URL, which older clients ask. */
export function announceUrls({ announce, announceList }: NamedTrackers): string[] {
  const urls = new Set<string>()
  for (const tier of [[announce ?? ''], ...(announceList ?? [])])
    for (const url of tier) urls.add(url.trim())
  urls.delete('')
  return [...urls]
}

/** Formats a node as `HOST:PORT`, with an IPv6 address in brackets. */
export function formatDhtNode({ host, port }: DhtNode): string {
  const isBare = host.includes(':') && !host.startsWith('[')
  return `${isBare ? `[${host}]` : host}:${port}`
}

/**
 * Parses `HOST:PORT`, with an IPv6 address in brackets.
 * @throws BtkitError `usage`
 */
export function parseDhtNode(text: string): DhtNode {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port < 1 || port > 65535) {
    throw new BtkitError('usage', `node '${text}': not of the form HOST:PORT`)
  }
  return { host: asciiHost(host), port }
}

/** Trackers: a URL, or tiers from the first to be asked to the last (BEP 12). */
export type TrackerTiers = string | readonly (string | readonly string[])[]

/**
 * Returns tiers of checked trackers, each once.
 * @throws BtkitError `usage`
 */
export function tiersOf(trackers: TrackerTiers): TrackerUrl[][] {
  const tiers: unknown = typeof trackers === 'string' ? [trackers] : trackers
  const isTiers = (given: unknown): given is readonly (string | readonly string[])[] => {
    return Array.isArray(given) && given.every((tier) => typeof tier === 'string' || isTiers(tier))
  }
  if (!isTiers(tiers)) throw new BtkitError('usage', 'trackers: neither a URL nor tiers of URLs')
  const checked = (tier: string | readonly string[]) => [tier].flat().map(checkTracker)
  return distinctTiers(tiers.map(checked))
}

/**
 * An http or https URL without `?`, `#` and a user, and without a slash at its end; null for any
 * other text. Such URLs are published.
 */
export function plainUrl(text: string): string | null {
  const stored = typedUrl(text)
  const isPlain = isSeed(stored) && /^https?:[^?#]*$/i.test(stored) && !hasOdd(stored)
  if (!isPlain) return null
  const { username, password } = new URL(stored)
  return username + password === '' ? stored.replace(/\/+$/, '') : null
}
