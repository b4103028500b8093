const PARAMETER = /(?:^|&)(?:info_)?hash=([^&]*)/

/**
 * The info hash that a query names, in hexadecimal: as announces have it, 20 bytes escaped in any
 * way, or as people have it. Null when there is none.
 */
export function infoHashOf(query: string): string | null {
  const value = PARAMETER.exec(query)?.[1] ?? ''
  if (/^[0-9a-f]{40}$/i.test(value)) return value.toLowerCase()
  const text = value.replace(/%([0-9a-f]{2})/gi, (_, digits: string) => {
    return String.fromCharCode(parseInt(digits, 16))
  })
  return text.length === 20 ? Buffer.from(text, 'latin1').toString('hex') : null
}
