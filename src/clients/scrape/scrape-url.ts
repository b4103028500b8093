/**
 * The scrape URL of an HTTP tracker (BEP 48): in the last part of the path, a leading `announce`
 * becomes `scrape`. Null if it does not begin so.
 */
export function scrapeUrl(announceUrl: string): string | null {
  const url = new URL(announceUrl)
  const end = url.pathname.lastIndexOf('/') + 1
  const last = url.pathname.slice(end)
  if (!last.startsWith('announce')) return null
  url.pathname = `${url.pathname.slice(0, end)}scrape${last.slice('announce'.length)}`
  url.hash = ''
  return url.href
}
