import { isIP } from 'node:net'
import { ipv6Groups } from '../../server/connections/client-address.js'
import { LinesFile } from './lines-file.js'

/** Decides which addresses may ask the tracker. */
export class AddressRules {
  readonly #allowed: AddressFile | null
  readonly #banned: AddressFile | null

  /**
   * `allowedFile` has the only addresses that may ask, null for all; `bannedFile` has addresses
   * that may not, null for none. `report` receives problems with the files; the tracker continues.
   */
  constructor(
    allowedFile: string | null,
    bannedFile: string | null,
    report: (message: string) => void,
  ) {
    this.#allowed = allowedFile === null ? null : new AddressFile(allowedFile, report)
    this.#banned = bannedFile === null ? null : new AddressFile(bannedFile, report)
  }

  /** Whether all addresses may ask. */
  get isOpen(): boolean {
    return this.#allowed === null && this.#banned === null
  }

  /** Whether an address may ask. Null stands for a client on a Unix socket. */
  readonly permits = (address: string | null): boolean => {
    if (address === null) return this.#allowed === null
    return !this.#banned?.set.has(address) && (this.#allowed?.set.has(address) ?? true)
  }

  /**
   * Reads the files that changed. Returns whether one did.
   * @throws BtkitError if a file cannot be read the first time
   */
  async refresh(): Promise<boolean> {
    const hasNewAllowed = (await this.#allowed?.refresh()) ?? false
    const hasNewBanned = (await this.#banned?.refresh()) ?? false
    return hasNewAllowed || hasNewBanned
  }
}

/** The addresses in a file, in the forms that parseAddressRange reads. */
class AddressFile {
  readonly #file: LinesFile<AddressRange>
  #read: readonly AddressRange[] | null = null
  set = new AddressSet([])

  constructor(path: string, report: (message: string) => void) {
    const line = { parse: parseAddressRange, expected: 'address or range of addresses' }
    this.#file = new LinesFile(path, line, report)
  }

  /** Returns whether the file changed. */
  async refresh(): Promise<boolean> {
    await this.#file.refresh()
    if (this.#file.values === this.#read) return false
    this.#read = this.#file.values
    this.set = new AddressSet(this.#read)
    return true
  }
}

/** A range of addresses of one family, as numbers. `first` and `last` belong to it. */
interface AddressRange {
  readonly family: 4 | 6
  readonly first: bigint
  readonly last: bigint
}

/**
 * Reads a line of an address list: `10.0.0.0/8`, `2001:db8::/32`, one address, or a range
 * `10.0.0.1-10.0.0.9` with an optional name before it (`name:10.0.0.1-10.0.0.9`).
 * IPv4 addresses that are mapped into IPv6 (`::ffff:10.0.0.1`) mean the IPv4 addresses.
 * Returns null if the text has none of these forms.
 */
export function parseAddressRange(text: string): AddressRange | null {
  const range = parseSubnet(text) ?? parseRange(text)
  if (range?.family !== 6) return range
  const [first, last] = [range.first - MAPPED, range.last - MAPPED]
  return first >= 0n && last < 1n << 32n ? { family: 4, first, last } : range
}

/** The number of `::ffff:0.0.0.0`, where IPv4 begins in IPv6. */
const MAPPED = 0xffffn << 32n

function parseSubnet(text: string): AddressRange | null {
  const [address = '', length, more] = text.split('/', 3)
  if (more !== undefined || (length !== undefined && !/^\d{1,3}$/.test(length))) return null
  const value = addressValue(address)
  if (value === null) return null
  const width = value.family === 4 ? 32 : 128
  const bits = Number(length ?? width)
  if (bits > width) return null
  const rest = (1n << BigInt(width - bits)) - 1n
  return { family: value.family, first: value.number & ~rest, last: value.number | rest }
}

function parseRange(text: string): AddressRange | null {
  const dash = text.lastIndexOf('-')
  const start = text.slice(0, dash).trimEnd().split(/\s/).at(-1) ?? ''
  // The text before an address is a name. In eMule's lists names contain colons.
  const first = addressValue(start) ?? addressValue(start.slice(start.lastIndexOf(':') + 1))
  const last = addressValue(text.slice(dash + 1).trimStart())
  if (!first || !last || first.family !== last.family || first.number > last.number) return null
  return { family: first.family, first: first.number, last: last.number }
}

function addressValue(text: string): { family: 4 | 6; number: bigint } | null {
  const family = isIP(text)
  if (family === 4) return { family, number: BigInt(ipv4Number(text)) }
  return family === 6 && !text.includes('%') ? { family, number: ipv6Number(text) } : null
}

/** The number of an IPv4 address. The text must be a valid dotted address. */
function ipv4Number(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}

function ipv6Number(address: string): bigint {
  const digits = ipv6Groups(address).map((group) => group.padStart(4, '0'))
  return BigInt(`0x${digits.join('')}`)
}

/** A set of addresses. It may hold hundreds of thousands of ranges and is asked for each packet. */
export class AddressSet {
  readonly #ipv4: { readonly firsts: Uint32Array; readonly lasts: Uint32Array }
  readonly #ipv6: readonly AddressRange[]

  constructor(ranges: readonly AddressRange[]) {
    const merged = mergeRanges(ranges.filter(({ family }) => family === 4))
    this.#ipv4 = {
      firsts: Uint32Array.from(merged, ({ first }) => Number(first)),
      lasts: Uint32Array.from(merged, ({ last }) => Number(last)),
    }
    this.#ipv6 = mergeRanges(ranges.filter(({ family }) => family === 6))
  }

  /** Whether an address is in the set. False if the text is not an address. */
  has(address: string): boolean {
    const family = isIP(address)
    if (family === 4) return this.#hasIpv4(ipv4Number(address))
    if (family !== 6 || this.#ipv6.length === 0) return false
    const number = ipv6Number(address.replace(/%.*$/, ''))
    const at = lastAtMost(this.#ipv6.length, (i) => (this.#ipv6[i]?.first ?? 0n) <= number)
    return number <= (this.#ipv6[at]?.last ?? -1n)
  }

  #hasIpv4(number: number): boolean {
    const { firsts, lasts } = this.#ipv4
    const at = lastAtMost(firsts.length, (i) => (firsts[i] ?? 0) <= number)
    return number <= (lasts[at] ?? -1)
  }
}

/**
 * The last index for which `isAtMost` is true, or -1. It must be true up to one index and false
 * after it.
 */
function lastAtMost(length: number, isAtMost: (i: number) => boolean): number {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isAtMost(middle)) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Sorts ranges and merges those that overlap. */
function mergeRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const sorted = [...ranges].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))
  const merged: AddressRange[] = []
  for (const range of sorted) {
    const before = merged.at(-1)
    if (!before || range.first > before.last) merged.push(range)
    else if (range.last > before.last) merged[merged.length - 1] = { ...before, last: range.last }
  }
  return merged
}
