import { BtkitError } from '../errors.js'

const TRACKER = /^(https?|udp|wss?):\/\/[^/?#\s]+([/?#]\S*)?$/i
const SEED = /^(https?|ftp):\/\/[^/?#\s]+([/?#]\S*)?$/i

/** Whether an argument is meant as a URL, even a mistyped one, rather than as a path. */
export function looksLikeUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text)
}

/** Whether a URL has a form that clients accept for a tracker. */
export function isTracker(url: string): boolean {
  return TRACKER.test(url) && URL.canParse(url)
}

/** Whether a URL has a form that clients accept for a web seed (BEP 19) or HTTP seed (BEP 17). */
export function isSeed(url: string): boolean {
  return SEED.test(url) && URL.canParse(url)
}

/**
 * Checks the URL of a tracker.
 * @throws BtkitError `usage`
 */
export function checkTracker(url: string): string {
  if (!isTracker(url)) {
    throw new BtkitError('usage', `tracker '${url}': not an http, https, udp, ws or wss URL`)
  }
  return url
}

/** The two ways to get content from a server: web seeds (BEP 19) and HTTP seeds (BEP 17). */
export type SeedKind = 'web seed' | 'HTTP seed'

/**
 * Checks the URL of a seed.
 * @throws BtkitError `usage`
 */
export function checkSeed(url: string, kind: SeedKind): string {
  if (!isSeed(url)) {
    throw new BtkitError('usage', `${kind} '${url}': not an http, https or ftp URL`)
  }
  return url
}

/**
 * Reads BitTornado's notation of an announce list (BEP 12): commas between the trackers of a tier,
 * bars between tiers.
 * @throws BtkitError `usage`
 */
export function parseAnnounceList(text: string): string[][] {
  const tiers = text.split('|').map((tier) => tier.split(','))
  return tiers.map((tier) => tier.map((url) => checkTracker(url.trim())))
}

/** Writes an announce list in BitTornado's notation. */
export function formatAnnounceList(tiers: readonly (readonly string[])[]): string {
  return tiers.map((tier) => tier.join(',')).join('|')
}

/** A bar, or a comma before a URL; any other comma is part of one. */
const BETWEEN_SEEDS = /\||,(?=\s*[a-z][a-z0-9+.-]*:\/\/)/i

/**
 * Reads seeds with bars or commas between them.
 * @throws BtkitError `usage`
 */
export function parseSeeds(text: string, kind: SeedKind): string[] {
  return text.split(BETWEEN_SEEDS).map((url) => checkSeed(url.trim(), kind))
}

/** The address of a directory below `base`, percent-encoded and with a slash at its end. */
export function directoryAddress(base: string, directory: readonly string[]): string {
  return [base, ...directory.map(encodeURIComponent), ''].join('/')
}

/** The address of a file below `base`, which has no slash at its end, percent-encoded. */
export function fileAddress(base: string, path: readonly string[]): string {
  return [base, ...path.map(encodeURIComponent)].join('/')
}
