import { createHash } from 'node:crypto'
import { quoteText } from '../../text/escape.js'
import { isTracker } from '../../metainfo/trackers.js'

/** The trackers that torrents name from now on. */
export interface TrackerList {
  readonly urls: readonly string[]
  /** Since when, in milliseconds since 1970. */
  readonly since: number
}

/** What a trackers file says: an announce URL a line, blank lines and `#` comments left aside. */
export interface TrackerLines {
  readonly urls: readonly string[]
  /** What is wrong with lines that were left out. */
  readonly problems: readonly string[]
}

/** Reads URLs of trackers, one a line; empty lines and those that begin with # are left out. */
export function parseTrackerLines(text: string): TrackerLines {
  const urls = new Set<string>()
  const problems: string[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const url = line.trim()
    if (url === '' || url.startsWith('#')) continue
    if (isTracker(url)) urls.add(url)
    else problems.push(`line ${i + 1}: ${quoteText(url)} is no tracker's URL, and is left out`)
  }
  return { urls: [...urls], problems }
}

/**
 * The announce list of a torrent (BEP 12): each tracker a tier of its own, in an order that differs
 * from torrent to torrent, so that they share the load. `infoHash` is in hexadecimal.
 */
export function spreadTrackers(urls: readonly string[], infoHash: string): string[][] {
  const ranked = urls.map((url) => {
    return {
      url,
      rank: createHash('sha1')
        .update(url + infoHash)
        .digest('hex'),
    }
  })
  return ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1)).map(({ url }) => [url])
}
