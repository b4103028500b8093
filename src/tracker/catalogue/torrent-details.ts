import { setTimeout } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { BtkitError } from '../../errors.js'
import { readRegular } from '../../files/read-regular.js'
import type { Metainfo } from '../../metainfo/metainfo.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { clipText } from '../../text/escape.js'
import type { TorrentSummary } from '../allowed/known-torrent.js'

/**
 * The largest .torrent that is read for its page, in bytes, and the most files and bencoded values
 * that it may have.
 */
const MAX_SIZE = 16 * 1024 * 1024
const MAX_READ_FILES = 20_000
const MAX_VALUES = 300_000

/** The most files, trackers and web seeds of a torrent that are listed. */
const MAX_FILES = 10_000
const MAX_URLS = 100

/** The longest texts, in UTF-16 units. */
const MAX_COMMENT = 20_000
const MAX_TEXT = 1000

/** The most components of a path that are shown one by one. */
const MAX_DEPTH = 16

/** The most files of all details that are kept: some 10 MB. */
const MAX_KEPT_FILES = 50_000

/** After a read, the next waits this many times as long as it took. */
const REST = 4

/** The most requests that wait for a read. */
const MAX_WAITING = 32

/** A file of a torrent. */
export interface ListedFile {
  readonly path: readonly string[]
  /** In bytes. */
  readonly length: number
}

/** The content of a .torrent, for its page. Texts and lists are cut to bounded lengths. */
export interface TorrentDetails extends Pick<
  Metainfo,
  'pieceLength' | 'pieceCount' | 'creationDate' | 'isDirectory'
> {
  readonly comment: string | null
  readonly createdBy: string | null
  /** In tiers. */
  readonly trackers: readonly (readonly string[])[]
  readonly webSeeds: readonly string[]
  /** The first files in the order of their paths. */
  readonly files: readonly ListedFile[]
  /** The number of all files. */
  readonly fileCount: number
}

interface Kept {
  readonly state: string
  readonly details: TorrentDetails
}

/**
 * Reads what .torrent files say, one after the other and with pauses, so that pages of large
 * torrents do not keep announces waiting.
 */
export class DetailsReader {
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: MAX_KEPT_FILES,
    sizeCalculation: ({ details }) => 100 + details.files.length,
  })
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /**
   * The details of a torrent; null if its file is gone, holds another torrent now, or would take too
   * long to read. Returns `busy` if too many requests wait.
   */
  async read(summary: TorrentSummary): Promise<TorrentDetails | null | 'busy'> {
    const { path, fileCount } = summary
    if (path === null || fileCount > MAX_READ_FILES) return null
    if (this.#waiting >= MAX_WAITING) return 'busy'
    this.#waiting += 1
    const reading = this.#turn.then(() => this.#read(path, summary))
    this.#turn = reading.then(
      ({ took }) => (took > 1 ? setTimeout(REST * took) : undefined),
      () => undefined,
    )
    const { details } = await reading.finally(() => {
      this.#waiting -= 1
    })
    return details
  }

  async #read(path: string, hashes: Pick<TorrentSummary, 'infoHash' | 'infoHashV2'>) {
    const kept = this.#kept.get(path)
    try {
      const file = await readRegular(path, MAX_SIZE, kept?.state ?? null)
      if (!file) return { details: kept?.details ?? null, took: 0 }
      const begun = performance.now()
      const details = detailsOf(file.bytes, hashes)
      if (details) this.#kept.set(path, { state: file.state, details })
      return { details, took: performance.now() - begun }
    } catch (error) {
      if (error instanceof BtkitError) return { details: null, took: 0 }
      throw error
    }
  }
}

function detailsOf(
  bytes: Uint8Array,
  { infoHash, infoHashV2 }: Pick<TorrentSummary, 'infoHash' | 'infoHashV2'>,
): TorrentDetails | null {
  const metainfo = parseMetainfo(bytes, { maxSize: MAX_SIZE, maxValues: MAX_VALUES })
  const isSame = metainfo.infoHash === infoHash && metainfo.infoHashV2 === infoHashV2
  // The file may have become one of a private torrent
  if (!isSame || metainfo.private) return null
  const { pieceLength, pieceCount, creationDate, isDirectory, comment, createdBy } = metainfo
  const files = metainfo.files.filter(({ padding }) => !padding)
  return {
    ...{ pieceLength, pieceCount, creationDate, isDirectory },
    comment: comment === null ? null : clipText(comment, MAX_COMMENT),
    createdBy: createdBy === null ? null : clipText(createdBy, MAX_TEXT),
    trackers: tiersOf(metainfo),
    webSeeds: [...(metainfo.webSeeds ?? []), ...(metainfo.httpSeeds ?? [])]
      .slice(0, MAX_URLS)
      .map((url) => clipText(url, MAX_TEXT)),
    files: files
      .map(({ path, length }) => ({ path: pathOf(path), length }))
      .sort(byPath)
      .slice(0, MAX_FILES),
    fileCount: files.length,
  }
}

/** The trackers that clients use, the first tiers. */
function tiersOf({ announce, announceList }: Metainfo): string[][] {
  const listed = (announceList ?? []).filter((tier) => tier.length > 0)
  const tiers = listed.length > 0 ? listed : announce === null ? [] : [[announce]]
  let room = MAX_URLS
  return tiers.flatMap((tier) => {
    const urls = tier.slice(0, room).map((url) => clipText(url, MAX_TEXT))
    room -= urls.length
    return urls.length === 0 ? [] : [urls]
  })
}

/** Cuts paths that no disk could have, and joins the deepest components, so that pages stay small. */
function pathOf(path: readonly string[]): string[] {
  const first = path.slice(0, MAX_DEPTH)
  const rest = path.slice(MAX_DEPTH)
  let room = MAX_TEXT
  return (rest.length === 0 ? first : [...first, rest.join('/')]).map((component) => {
    const kept = clipText(component, Math.max(0, room))
    room -= kept.length
    return kept
  })
}

/** Compares by components, so that the files of a directory are together. */
function byPath({ path: a }: ListedFile, { path: b }: ListedFile): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [left = '', right = ''] = [a[i], b[i]]
    if (left !== right) return left < right ? -1 : 1
  }
  return a.length - b.length
}
