import { isIPv4 } from 'node:net'
import { hostname } from 'node:os'
import { outerAddresses } from '../../core/remote/address-reach.js'

/** Matches `[::]` and `0.0.0.0` in a URL, which mean all addresses of the machine. */
const ALL_ADDRESSES = /^([a-z]+:\/\/)(?:\[::\]|0\.0\.0\.0)(?=:\d+|$)/

/** Returns the URL by which clients reach a server: a wildcard address becomes `host`. */
export function reachableAddress(address: string, host: string): string {
  return address.replace(ALL_ADDRESSES, (_, scheme: string) => scheme + host)
}

/** Whether a server with this URL listens on all addresses of the machine. */
export function isOnAllAddresses(address: string): boolean {
  return ALL_ADDRESSES.test(address)
}

/** Returns the full name of this machine, an address in its network, or `localhost`. */
export function machineHost(): string {
  const name = hostname()
  const isFull = /^[\w-]+(\.[\w-]+)+$/.test(name) && !name.endsWith('.localdomain')
  return isFull ? name : machineAddress()
}

/** Returns an address of this machine in its network, as in URLs, or `localhost`. */
export function machineAddress(): string {
  const outer = outerAddresses()
  const [first] = outer
  return outer.find(isIPv4) ?? (first === undefined ? 'localhost' : `[${first}]`)
}

/** The announce URLs for clients: the public one, or else those of the addresses. */
export function announceUrlsOf(addresses: readonly string[], publicUrl: string | null): string[] {
  if (publicUrl !== null) return [`${publicUrl}/announce`]
  const urls = addresses.filter((each) => each.includes('://'))
  return urls.map((each) => announceOf(each, machineHost()))
}

/** The announce URL for an address; a Unix socket stays a path. */
export function announceOf(address: string, host: string): string {
  if (!address.includes('://')) return address
  return `${reachableAddress(address, host)}/announce`
}
