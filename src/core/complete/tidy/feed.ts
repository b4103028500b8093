import { existsSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { BtkitError, nameErrors, valueOr } from '../../../base/errors.js'
import { decodePercent } from '../../../base/percent.js'
import { realPath } from '../../../disk/look/inside.js'
import { readWhole } from '../../../disk/look/read-bounded.js'
import { listFiles, statIfThere, type FileListing } from '../../../disk/look/stat-files.js'
import { checkTarget, writeAtomically, type WriteOptions } from '../../../disk/write/atomically.js'
import { contentSize } from '../../../metainfo/metainfo.js'
import { directoryAddress, fileAddress } from '../../../metainfo/trackers.js'
import { clientInfoHash } from '../../publish/client.js'
import { composeFeed, isFeed, MOST_ITEMS, pathsInFeed, type FeedItem } from '../../rss.js'
import { NumberedNames } from '../../../base/text/numbered-names.js'
import { leftAlone, type CompleteReport } from '../report.js'
import { entryName, pathsOf, torrentName, type SourceDirectory } from '../target/directories.js'
import { readExisting } from '../decide/existing.js'
import type { DatedTorrent } from '../request.js'

// Without this file nobody could follow the torrents of a site that has only files.

/** The largest feed in bytes. */
const MAX_FEED = 4 * 1024 * 1024

/** The feed of a run's newest torrents. */
export class TorrentFeed {
  readonly #newest: DatedTorrent[] = []
  /** Whether it lacks torrents that are there. */
  #isPartial = false

  /** `url` is that of the directory of the torrents, without a slash at its end. */
  constructor(
    private readonly path: string,
    private readonly url: string,
    private readonly directory: string,
    private readonly claim?: WriteOptions['claim'],
  ) {}

  /**
   * Checks, before hours of hashing, that the feed can be written.
   * @throws BtkitError `exists` for a file of something else, and as checkTarget
   */
  requireWritable(): void {
    nameErrors('--feed', () => {
      checkTarget(this.path, { checkReplaceable: requireFeed })
    })
  }

  /** Its path without links, by which a run recognizes that it is no content. */
  get realPath(): string {
    const path = resolve(this.path)
    return join(realPath(dirname(path)) ?? dirname(path), basename(path))
  }

  /** Enters the newest torrents of a directory. */
  readonly enter = (torrents: readonly DatedTorrent[]): void => {
    this.#newest.push(...torrents)
    keepNewest(this.#newest)
  }

  readonly leave = (): void => {
    this.#isPartial = true
  }

  /**
   * Writes the feed at the end of a run, unless it is current. Torrents are read only for that.
   * @throws BtkitError `exists` for a file of something else, and as writeAtomically
   */
  async write(report: CompleteReport): Promise<void> {
    // Perhaps not all torrents were looked at; the next run finds the feed older than them
    if (report.isInterrupted || this.#isPartial) return
    const { path, url, directory, claim } = this
    const channel = { link: directoryAddress(url, []), self: null }
    const stats = statIfThere(path)
    const before = stats?.isFile() ? { text: readText(path), time: stats.mtimeMs } : null
    const isNewer = before !== null && before.time >= (this.#newest[0]?.time ?? 0)
    const listed = isNewer && !hasNews(report) ? pathsInFeed(before.text, channel) : null
    // A run without the feed, or one that was killed, may have removed some, and one that left
    // some alone has not listed them
    const isComplete = listed?.length === this.#newest.length
    if (isComplete && listed.every((each) => existsSync(join(directory, decodePercent(each, '')))))
      return
    const items = this.#newest.flatMap((torrent) => this.#itemOf(torrent))
    const text = composeFeed(channel, items)
    if (text === before?.text) return
    await writeAtomically(path, Buffer.from(text), { claim, checkReplaceable: requireFeed })
  }

  /** Private torrents are for few people, and no feed lists them. */
  #itemOf({ torrent, torrentPath, time }: DatedTorrent): FeedItem[] {
    const existing = valueOr(null, () => readExisting(torrentPath))
    if (!existing?.metainfo || existing.metainfo.private) return []
    const { metainfo, bytes } = existing
    const names = relative(this.directory, torrent).split(sep)
    return [
      {
        title: entryName(names.join('/')) ?? '',
        address: fileAddress(this.url, names),
        infoHash: clientInfoHash(metainfo),
        time,
        torrentSize: bytes.length,
        contentSize: contentSize(metainfo),
      },
    ]
  }
}

function hasNews({ created, updated, adopted, removed }: CompleteReport): boolean {
  return [created, updated, adopted, removed].some(({ length }) => length > 0)
}

function readText(path: string): string {
  return Buffer.from(readWhole(path, MAX_FEED)).toString()
}

function requireFeed(path: string): void {
  const text = readText(path)
  if (text === '' || isFeed(text)) return
  throw new BtkitError('exists', `${path}: is not a feed of torrents; name another`)
}

/**
 * Finds the newest torrents that a run made, or found current. Only their times are looked at,
 * because there may be very many.
 */
export async function findNewest(
  directories: readonly SourceDirectory[],
  report: CompleteReport,
): Promise<DatedTorrent[]> {
  const left = leftAlone(report)
  const found: DatedTorrent[] = []
  for (const directory of directories) {
    const { states, directory: target } = directory.targetDirectory
    const { names, table }: FileListing = hasNews(report) ? await listFiles(target.at()) : states
    const numbered = new NumberedNames(names)
    for (const name of directory.names) {
      const number = numbered.numberOf(torrentName(name))
      const time = number === undefined ? null : table.timeAt(number)
      if (time === null) continue
      const { sourcePath, torrent, torrentPath } = pathsOf(name, directory)
      if (left.has(sourcePath)) continue
      found.push({ torrent, torrentPath, time })
      if (found.length >= 2 * MOST_ITEMS) keepNewest(found)
    }
  }
  return found
}

/** Keeps as many of the newest torrents as a feed has. */
function keepNewest(torrents: DatedTorrent[]): void {
  torrents.sort((a, b) => b.time - a.time)
  torrents.length = Math.min(torrents.length, MOST_ITEMS)
}
