import { lookup } from 'node:dns'
import { lookup as lookUp } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { Reach, reachOf } from './address-reach.js'

/** An answer that the server would give again. */
export class AnswerFault extends Error {}

/** A redirect that is not followed. */
export class RedirectFault extends AnswerFault {}

/**
 * Hosts that are in the internet: they had such an address before, or a redirect leads from there
 * to them.
 */
const publicHosts = new Set<string>()

/** A host as it is connected to: in URLs, an address of IPv6 has brackets. */
export const plainHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, '')

/** Finds the addresses of a host that are of the internet, and others. */
async function addressesOf({ hostname }: URL) {
  const host = plainHost(hostname)
  const found = isIP(host) ? [{ address: host }] : await lookUp(host, { all: true }).catch(() => [])
  const others = found.filter((each) => !isPublicAddress(each))
  // A host that only a proxy can look up is asked through that
  const isPublic = found.length === 0 || others.length < found.length
  return { isPublic: isPublic || publicHosts.has(hostname), hasOthers: others.length > 0 }
}

/**
 * Makes sure that an address may lead on to another: not from TLS to none, and not from the
 * internet into a private network, where a stranger could have internal services read. Returns
 * whether the way is one of the internet, as it was before if `wasPublic`.
 * @throws RedirectFault; `how` begins its message
 */
export async function guardWay(
  from: URL,
  to: URL,
  { wasPublic = false, how = 'redirects' } = {},
): Promise<boolean> {
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw new RedirectFault(`${how} to an address without TLS`)
  const isPublic = wasPublic || (await addressesOf(from)).isPublic
  if (isPublic && (await addressesOf(to)).hasOthers)
    throw new RedirectFault(`${how} into a private network`)
  if (isPublic) publicHosts.add(to.hostname)
  return isPublic
}

const isPublicAddress = ({ address }: { readonly address: string }) => {
  return reachOf(address) === Reach.all
}

/**
 * Finds the addresses of a host, of which a guarded way has no private ones if the host is in the
 * internet. All are of one family, unless that is 0.
 */
export function lookupOf(family: 0 | 4 | 6, isGuarded: boolean): LookupFunction {
  return (host, options, done) => {
    // Given a family itself, Node would try one address only
    lookup(host, { ...options, all: true, family }, (error, found) => {
      // Node gives none with an error, and a name may have another one than a moment ago
      const all = error ? [] : found
      const open = all.filter(isPublicAddress)
      if (open.length > 0) publicHosts.add(host)
      const usable = isGuarded && publicHosts.has(host) ? open : all
      const why = all.length > 0 && usable.length === 0 ? new RedirectFault(NOW_PRIVATE) : error
      const [first] = usable
      if (why || options.all) done(why, usable)
      else done(null, first?.address ?? '', first?.family)
    })
  }
}

const NOW_PRIVATE = 'its host was in the internet, and is in a private network now'
