import { BtkitError } from '../../errors.js'
import { parseMetainfo } from '../../metainfo/parse/metainfo.js'
import { decodeUtf8 } from '../../metainfo/parse/byte-text.js'
import { DEFAULT_MAX_DEPTH, readBencode } from '../../metainfo/bencode/read.js'
import { isByteString } from '../../metainfo/bencode/value.js'
import type { Metainfo } from '../../metainfo/metainfo.js'

/** What the tracker knows of a torrent beside its swarm. */
export interface AllowedTorrent {
  /** As announces have it, in hexadecimal: of a v2 torrent the first 40 digits. */
  readonly infoHash: string
  /** Null when only the hash is known. */
  readonly metainfo: TorrentSummary | null
  /** Answered to announces instead of peers. */
  readonly failure: string | null
  /** Answered to announces beside peers. */
  readonly warning: string | null
  /** The HTTP trackers of its announce list. */
  readonly trackers: readonly string[]
}

/** What is kept of a .torrent file. */
export interface TorrentSummary extends Pick<Metainfo, 'infoHash' | 'infoHashV2' | 'name'> {
  /** Bytes of its files, padding left out. */
  readonly size: number
  /** Where the file is; null when there is none. */
  readonly path: string | null
}

/**
 * What a .torrent tells the tracker; a hybrid torrent has two swarms. Its path is null when it is
 * no file.
 * @throws BtkitError when the bytes are no torrent, naming the path
 */
export function describeTorrent(bytes: Uint8Array, path: string | null, controls: boolean) {
  const metainfo = parse(bytes, path ?? 'torrent')
  const summary: TorrentSummary = {
    infoHash: metainfo.infoHash,
    infoHashV2: metainfo.infoHashV2,
    name: metainfo.name,
    size: metainfo.files.reduce((sum, { padding, length }) => sum + (padding ? 0 : length), 0),
    path,
  }
  const failure = controls ? controlText(metainfo, 'failure reason') : null
  const warning = controls ? controlText(metainfo, 'warning message') : null
  const trackers = listedTrackers(metainfo)
  return swarmHashes(summary).map((infoHash): AllowedTorrent => {
    return { infoHash, metainfo: summary, failure, warning, trackers }
  })
}

/** The info hashes by which clients announce a torrent (BEP 52), each of 40 hexadecimal digits. */
export function swarmHashes({ infoHash, infoHashV2 }: Pick<Metainfo, 'infoHash' | 'infoHashV2'>) {
  return [infoHash, infoHashV2?.slice(0, 40) ?? null].filter((hash) => hash !== null)
}

/** As many trackers of a torrent are asked for peers, at most. */
const MAX_TRACKERS = 10

/** bttrack goes by the announce list alone (BEP 12), not by `announce`. */
function listedTrackers({ announceList }: Metainfo): string[] {
  const urls = (announceList ?? []).flat().filter((url) => /^https?:/i.test(url))
  return [...new Set(urls)].filter((url) => URL.canParse(url)).slice(0, MAX_TRACKERS)
}

function parse(bytes: Uint8Array, path: string): Metainfo {
  try {
    return parseMetainfo(bytes)
  } catch (error) {
    throw error instanceof BtkitError ? error.of(path) : error
  }
}

/** How much of a control is sent with each answer, in UTF-16 units. */
const MAX_CONTROL = 500

/** A text that stands beside `info` and that the tracker passes on, as BitTornado's does. */
function controlText({ bytes, spans }: Metainfo, key: string): string | null {
  const span = spans.get(key)
  if (!span) return null
  const limits = { maxSize: span.end - span.start, maxDepth: DEFAULT_MAX_DEPTH }
  const { value } = readBencode(bytes.subarray(span.start, span.end), limits)
  return isByteString(value) ? decodeUtf8(value).slice(0, MAX_CONTROL) : null
}
