import { createHash } from 'node:crypto'
import { BtkitError } from '../../base/errors.js'
import { readRegular } from '../../disk/look/read-bounded.js'
import { isTracker, storedUrl } from '../../metainfo/trackers.js'
import type { TrackerUrl } from '../../metainfo/values.js'
import { quoteText } from '../../base/text/escape.js'
import type { OwnTracker } from '../options.js'
import { count } from '../../base/text/quantity.js'

/** Most bytes of a trackers file. */
const MAX_SIZE = 1024 * 1024

/** Most wrong lines that are reported; further ones are only counted. */
const MAX_REPORTS = 10

/** The announce URLs of torrents at present: the same list until they change. */
export type TrackerList = readonly TrackerUrl[]

/** The source of torrents' trackers. */
export interface TrackerSource {
  /** The current trackers. */
  readonly current: () => TrackerList
  /** Checks whether they changed; `isForced` reads them again in any case. */
  readonly refresh: (isForced?: boolean) => Promise<void>
}

/** Announce URLs, possibly none; or the file to read them from. */
export type TrackersWanted = { readonly urls: TrackerList } | { readonly path: string }

/**
 * Torrents without a tracker reach nobody, so a service without trackers must be asked for
 * explicitly.
 */
export class NoTrackers extends BtkitError {
  constructor(problem: string) {
    super('usage', `no trackers (${problem})`)
  }
}

/**
 * Opens the wanted trackers; `report` receives problems of their file, while work goes on.
 * @throws NoTrackers if a file names none at first
 */
export async function openTrackers(
  wanted: TrackersWanted,
  report: (message: string) => void,
): Promise<TrackerSource> {
  if ('urls' in wanted) return fixedTrackers(wanted.urls)
  const { path } = wanted
  let current: TrackerList = []
  // The file's current problem, which is not reported each minute
  let problem = ''
  let seen: string | null = null
  const refresh = async (isForced = false) => {
    try {
      const file = await readRegular(path, MAX_SIZE, isForced ? null : seen)
      if (!file) return
      current = readTrackers(path, new TextDecoder().decode(file.bytes), report)
      problem = ''
      seen = file.state
    } catch (error) {
      seen = null
      if (!(error instanceof BtkitError)) throw error
      if (problem !== error.message && current.length > 0)
        report(`${error.message}; the old trackers stay in use`)
      problem = error.message
    }
  }
  await refresh()
  if (current.length === 0) throw new NoTrackers(problem)
  return { current: () => current, refresh }
}

/** Trackers that never change, possibly none. */
export function fixedTrackers(urls: TrackerList): TrackerSource {
  const list = [...new Set(urls)]
  return { current: () => list, refresh: () => Promise.resolve() }
}

/**
 * Reads tracker URLs, one per line; empty lines and those that begin with # are ignored.
 * @throws BtkitError `empty` if there is none
 */
function readTrackers(path: string, text: string, report: (message: string) => void): TrackerList {
  const urls = new Set<TrackerUrl>()
  const problems: string[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const url = line.trim()
    if (url === '' || url.startsWith('#')) continue
    const stored = storedUrl(url)
    if (isTracker(url) && isTracker(stored)) urls.add(stored)
    else problems.push(`line ${i + 1}: ${quoteText(url)} is not a tracker URL and is ignored`)
  }
  for (const problem of problems.slice(0, MAX_REPORTS)) report(`${path}: ${problem}; correct it`)
  const more = problems.length - MAX_REPORTS
  if (more > 0) report(`${path}: no tracker URLs in ${count(more, 'more line')}; correct them`)
  if (urls.size > 0) return [...urls]
  throw new BtkitError('empty', `${path}: names no tracker; add an announce URL`)
}

/** The trackers in torrents for clients that reach the mirror at `address`. */
export function trackersAt(
  trackers: TrackerList,
  own: Pick<OwnTracker, 'url' | 'announceAt'> | null,
  address: string,
): TrackerList {
  const at = own?.announceAt?.(address)
  if (!own || at === undefined) return trackers
  return trackers.map((url) => (url === own.url ? at : url))
}

/**
 * The announce list of a torrent (BEP 12): each tracker in its own tier, with its addresses for
 * HTTP and UDP. The order differs between torrents, so that the trackers share the load. WebSocket
 * comes last and in tiers of its own: old clients read only the first URL, and only browsers
 * announce there. `infoHash` is in hexadecimal.
 */
export function spreadTrackers(urls: TrackerList, infoHash: string): TrackerUrl[][] {
  if (urls.length < 2) return urls.map((url) => [url])
  const ranked = urls.map((url) => {
    const { protocol, hostname } = new URL(url)
    const isWeb = /^wss?:$/.test(protocol)
    const hash = createHash('sha1').update(url + infoHash)
    return { url, protocol, host: isWeb ? url : hostname, rank: `${isWeb} ${hash.digest('hex')}` }
  })
  const tiers: (typeof ranked)[] = []
  for (const each of ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1))) {
    const { host, protocol } = each
    const own = tiers.find((tier) => {
      return tier[0]?.host === host && tier.every((other) => other.protocol !== protocol)
    })
    if (own) own.push(each)
    else tiers.push([each])
  }
  return tiers.map((tier) => tier.map(({ url }) => url))
}
