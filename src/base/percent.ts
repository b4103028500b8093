import { tryOr } from './errors.js'
/**
 * A byte that is not UTF-8, as textOfPath has it, or half of a character. The capture keeps it in a
 * split.
 */
const LONE = /(\p{Cs})/u

/**
 * Percent-encodes any text for a URL. A byte that is not UTF-8, as textOfPath has it, stays that
 * byte; half of a character becomes U+FFFD.
 */
export function encodePercent(text: string): string {
  // Fails at such a byte or half
  const encoded = tryOr(null, () => encodeURIComponent(text))
  if (encoded !== null) return encoded
  const encode = (part: string, at: number) => {
    if (at % 2 === 0) return encodeURIComponent(part)
    const unit = part.charCodeAt(0)
    return unit >= 0xdc80 && unit <= 0xdcff ? `%${(unit & 0xff).toString(16)}` : '%EF%BF%BD'
  }
  return text.split(LONE).map(encode).join('')
}

/**
 * Percent-encodes a name, also for libtorrent, which encodes a whole URL with an apostrophe once
 * more.
 */
export function encodeName(name: string): string {
  return encodePercent(name).replaceAll("'", '%27')
}

/** Decodes percent forms of a URL. Returns `otherwise` if they are wrong. */
export function decodePercent<T extends string | null>(text: string, otherwise: T): string | T {
  return tryOr(otherwise, () => decodeURIComponent(text))
}
