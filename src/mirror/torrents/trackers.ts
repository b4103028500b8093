import { createHash } from 'node:crypto'
import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'
import { isTracker } from '../../metainfo/trackers.js'
import { quoteText } from '../../text/escape.js'

/** Most bytes of a trackers file. */
const MAX_SIZE = 1024 * 1024

/** Most wrong lines that are reported; further ones are only counted. */
const MAX_REPORTS = 10

/** The announce URLs of torrents at present: the same list until they change. */
export type TrackerList = readonly string[]

/** The source of torrents' trackers. */
export interface TrackerSource {
  /** The current trackers. */
  readonly current: () => TrackerList
  /** Checks whether they changed; `isForced` reads them again in any case. */
  readonly refresh: (isForced?: boolean) => Promise<void>
}

/** Announce URLs, possibly none; or the file to read them from. */
export type TrackersWanted = { readonly urls: readonly string[] } | { readonly path: string }

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
  const file = new TrackerFile(wanted.path, report)
  await file.refresh()
  const first = file.current
  if (first === null) throw new NoTrackers(file.problem)
  return {
    current: () => file.current ?? first,
    refresh: (isForced) => file.refresh(isForced),
  }
}

/** Trackers that never change, possibly none. */
export function fixedTrackers(urls: readonly string[]): TrackerSource {
  const list = [...new Set(urls)]
  return { current: () => list, refresh: () => Promise.resolve() }
}

/** The trackers in a file, which may change at any time. */
class TrackerFile {
  /** The last valid list; null before the first. */
  current: TrackerList | null = null
  /** The file's current problem; empty if there is none. */
  problem = ''
  #seen: string | null = null

  constructor(
    private readonly path: string,
    private readonly report: (message: string) => void,
  ) {}

  /**
   * Reads the file if it changed since the last time, or always if `isForced`. While it cannot be
   * read or names no tracker, the last valid list stays.
   */
  async refresh(isForced = false): Promise<void> {
    try {
      const file = await readRegular(this.path, MAX_SIZE, isForced ? null : this.#seen)
      if (!file) return
      this.#read(new TextDecoder().decode(file.bytes))
      this.#seen = file.state
    } catch (error) {
      this.#seen = null
      this.#complain(error)
    }
  }

  #read(text: string): void {
    const { path, report } = this
    const { urls, problems } = parseTrackerLines(text)
    for (const problem of problems.slice(0, MAX_REPORTS)) report(`${path}: ${problem}`)
    const more = problems.length - MAX_REPORTS
    if (more > 0) report(`${path}: ${more} more lines are not tracker URLs; correct them`)
    if (urls.length === 0)
      throw new BtkitError('empty', `${path}: names no tracker; add an announce URL`)
    this.problem = ''
    this.current = urls
  }

  /** Reports a problem once, not each minute. */
  #complain(error: unknown): void {
    if (!(error instanceof BtkitError)) throw error
    if (this.problem !== error.message && this.current)
      this.report(`${error.message}; the old trackers stay in use`)
    this.problem = error.message
  }
}

/** The content of a trackers file. */
interface TrackerLines {
  readonly urls: readonly string[]
  /** Why lines were left out. */
  readonly problems: readonly string[]
}

/** Reads tracker URLs, one per line; empty lines and those that begin with # are ignored. */
function parseTrackerLines(text: string): TrackerLines {
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
