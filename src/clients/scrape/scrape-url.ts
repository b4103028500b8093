/**
 * The address where a tracker over HTTP can be scraped (BEP 48): `announce`, with which the last part
 * of the path has to begin, becomes `scrape`. Null where there is none.
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
