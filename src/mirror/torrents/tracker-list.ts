import { createHash } from 'node:crypto'
import { quoteText } from '../../text/escape.js'
import { isTracker } from '../../metainfo/trackers.js'

/** The trackers of torrents at present. */
export interface TrackerList {
  readonly urls: readonly string[]
  /** Since when, in milliseconds since 1970. */
  readonly since: number
}

/** The content of a trackers file. */
export interface TrackerLines {
  readonly urls: readonly string[]
  /** Why lines were left out. */
  readonly problems: readonly string[]
}

/** Reads tracker URLs, one per line; empty lines and those that begin with # are ignored. */
export function parseTrackerLines(text: string): TrackerLines {
  const urls = new Set<string>()
  const problems: string[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const url = line.trim()
    if (url === '' || url.startsWith('#')) continue
    if (isTracker(url)) urls.add(url)
    else
      problems.push(
        `line ${i + 1}: ${quoteText(url)} is not a tracker URL and is ignored; correct it`,
      )
  }
  return { urls: [...urls], problems }
}

/**
 * The announce list of a torrent (BEP 12): each tracker in its own tier. The order differs between
 * torrents, so that the trackers share the load. `infoHash` is in hexadecimal.
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
