import { isIPv6 } from 'node:net'

const COLON = 0x3a
const DOT = 0x2e
const ZERO = 0x30

/**
 * Parses an address into 16 bytes, with IPv4 mapped into IPv6. A zone (`fe80::1%eth0`) is ignored.
 * Returns null if the text is not an address.
 */
export function parseAddress(text: string): Uint8Array | null {
  const bytes = new Uint8Array(16)
  if (text.charCodeAt(1) !== COLON && parseV4(text, 0, bytes)) {
    bytes[10] = bytes[11] = 0xff
    return bytes
  }
  const [address = ''] = text.split('%')
  return isIPv6(address) && fillV6(address, bytes) ? bytes : null
}

/** Formats an address of 16 bytes; IPv4 as `a.b.c.d`. */
export function formatAddress(address: Uint8Array): string {
  const isV4 = address.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff))
  if (isV4) return address.subarray(12).join('.')
  const groups = Array.from({ length: 8 }, (_, at) => {
    return ((address[2 * at] ?? 0) * 256 + (address[2 * at + 1] ?? 0)).toString(16)
  })
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}

/** Reads an IPv4 address at `from` into the last four bytes. Returns false if it is invalid. */
function parseV4(text: string, from: number, bytes: Uint8Array): boolean {
  let number = 0
  let digits = 0
  let part = 0
  for (let at = from; at <= text.length; at += 1) {
    const code = at === text.length ? DOT : text.charCodeAt(at)
    if (code === DOT) {
      if (digits === 0 || part > 3 || number > 255) return false
      bytes[12 + part] = number
      part += 1
      number = digits = 0
    } else {
      if (code < ZERO || code > ZERO + 9 || digits === 3) return false
      number = 10 * number + code - ZERO
      digits += 1
    }
  }
  return part === 4
}

/** Reads a valid IPv6 address into `bytes`. */
function fillV6(address: string, bytes: Uint8Array): boolean {
  const lastColon = address.lastIndexOf(':')
  const hasV4 = address.includes('.')
  const head = hasV4 ? `${address.slice(0, lastColon)}:0:0` : address
  const [before = '', after] = head.split('::')
  fillGroups(before, 0, bytes)
  if (after !== undefined) {
    const count = after === '' ? 0 : after.split(':').length
    fillGroups(after, 8 - count, bytes)
  }
  return !hasV4 || parseV4(address, lastColon + 1, bytes)
}

function fillGroups(text: string, from: number, bytes: Uint8Array): void {
  if (text === '') return
  text.split(':').forEach((group, at) => {
    const value = parseInt(group, 16)
    bytes[2 * (from + at)] = value >>> 8
    bytes[2 * (from + at) + 1] = value & 0xff
  })
}
