const END = 0
const NOTHING = 1
const URL_DATA = 2

/**
 * The path and query that follow an announce over UDP in options (BEP 41), put together; null when
 * there are none. Options that are cut off or not known end it.
 */
export function readUrlData(options: Buffer): string | null {
  const parts: string[] = []
  let at = 0
  while (at < options.length) {
    const kind = options[at]
    if (kind === NOTHING) {
      at += 1
      continue
    }
    const length = options[at + 1]
    if (kind === END || length === undefined || at + 2 + length > options.length) break
    if (kind === URL_DATA) parts.push(options.toString('latin1', at + 2, at + 2 + length))
    at += 2 + length
  }
  return parts.length === 0 ? null : parts.join('')
}
