import { nameErrors } from '../../base/errors.js'
import { clipText } from '../../base/text/escape.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { decodeUtf8 } from '../../metainfo/parse/require-field.js'
import { isByteString } from '../../metainfo/bencode/value.js'
import { topLevelValue } from '../../metainfo/edit/splice-torrent.js'
import { announceUrls, isSeed, isTracker } from '../../metainfo/trackers.js'
import { swarmHashes } from '../../metainfo/info-hash.js'
import { contentSize, type Metainfo } from '../../metainfo/metainfo.js'
import type { InfoHash, MirroredTorrent, TrackedTorrent } from '../../metainfo/values.js'

/** A torrent that the tracker accepts by name, without its peers. */
export interface AllowedTorrent {
  /** As in announces. */
  readonly infoHash: InfoHash
  /** Null if only the hash is known. */
  readonly metainfo: KnownSummary | null
  /** The error sent to clients instead of peers. */
  readonly failure: string | null
  /** The warning sent to clients together with peers. */
  readonly warning: string | null
  /** Its trackers in the order of use, and its web seeds: the first ones, for magnet links. */
  readonly trackers: readonly string[]
  readonly webSeeds: readonly string[]
}

/** The part of a torrent that is kept. */
export interface KnownSummary extends TrackedTorrent {
  /** Path of the file; null if the torrent was not read from a file. */
  readonly path: string | null
  /** Distinguishes the file from all its other states; null without a file. */
  readonly state: string | null
}

/** A .torrent file. */
interface FileOrigin {
  readonly path: string
  /** See `RegularFile`. */
  readonly state: string
  /** When the file was last modified, in milliseconds since 1970. */
  readonly mtimeMs: number
}

/** The longest name that is kept, in UTF-16 units. Names of files have 255 bytes. */
const MAX_NAME = 1000

/**
 * Describes a torrent from the bytes of its .torrent file. A hybrid torrent gives two results,
 * because it has two swarms.
 * `controls` says whether to obey `failure reason` and `warning message` in the torrent.
 * @throws BtkitError if the bytes are not a torrent; the message names the path
 */
export function describeTorrent(bytes: Uint8Array, file: FileOrigin, controls: boolean) {
  const metainfo = nameErrors(file.path, () => parseMetainfo(bytes))
  const { infoHash, infoHashV2, name } = metainfo
  const summary = {
    infoHash,
    infoHashV2,
    name,
    private: metainfo.private,
    place: null,
    size: contentSize(metainfo),
    fileCount: metainfo.fileList.count,
    addedMs: file.mtimeMs,
    trackers: announceUrls(metainfo),
    webSeeds: metainfo.webSeeds ?? [],
  }
  return allowedTorrents(summary, file, {
    failure: controls ? controlText(metainfo, 'failure reason') : null,
    warning: controls ? controlText(metainfo, 'warning message') : null,
  })
}

/** A torrent for each of its swarms; of a file, or made here. */
export function allowedTorrents(
  { trackers, webSeeds, ...summary }: MirroredTorrent,
  file: FileOrigin | null,
  notes: Pick<AllowedTorrent, 'failure' | 'warning'>,
): AllowedTorrent[] {
  const { name, addedMs } = summary
  const metainfo: KnownSummary = {
    ...summary,
    name: clipText(name, MAX_NAME),
    path: file?.path ?? null,
    state: file?.state ?? null,
    addedMs: addedMs === null ? null : Math.min(Math.max(0, addedMs), LATEST_TIME),
  }
  const urls = { trackers: firstUrls(trackers, isTracker), webSeeds: firstUrls(webSeeds, isSeed) }
  return swarmHashes(summary).map((infoHash) => ({ infoHash, metainfo, ...notes, ...urls }))
}

/** The last time that a Date can represent, in milliseconds since 1970. */
const LATEST_TIME = 8.64e15

/** The most trackers, or web seeds, of one torrent in a magnet link, and the longest URL. */
const MAX_URLS = 10
const MAX_URL = 500

function firstUrls(urls: readonly string[], isRight: (url: string) => boolean): string[] {
  const right = urls.filter((url) => url.length <= MAX_URL && isRight(url))
  return [...new Set(right)].slice(0, MAX_URLS)
}

/** The longest control text that is sent with each answer, in UTF-16 units. */
const MAX_CONTROL = 500

/** A text stored beside `info` that the tracker sends to clients, as BitTornado's tracker does. */
function controlText(metainfo: Metainfo, key: string): string | null {
  const value = topLevelValue(metainfo, key)
  return isByteString(value) ? decodeUtf8(value).slice(0, MAX_CONTROL) : null
}
