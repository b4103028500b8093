import { contentSize, type Metainfo } from './metainfo.js'
import { announceUrls } from './trackers.js'

/** Torrents that have something in common. */
export interface Share {
  readonly value: string
  readonly torrents: number
  /** Bytes of their content, without pad files. */
  readonly size: number
}

/** The sums of a collection of torrents. */
export interface TorrentSummary {
  readonly torrents: number
  /** Torrents whose `info` an earlier one has, too. They are not counted in the figures below. */
  readonly duplicates: number
  readonly private: number
  readonly files: number
  readonly pieces: number
  /** Bytes of the content, without pad files. */
  readonly size: number
  /** Bytes of the .torrent files, duplicates included. */
  readonly torrentSize: number
  readonly versions: readonly Share[]
  /** By piece length in bytes. */
  readonly pieceLengths: readonly Share[]
  /** By scheme, host and port, because paths often have a secret; `none` for no tracker. */
  readonly trackers: readonly Share[]
}

/** Figures of a torrent, without its bytes. */
export interface SummarizedTorrent {
  readonly id: string
  readonly private: boolean
  readonly files: number
  readonly pieces: number
  readonly size: number
  readonly torrentSize: number
  readonly version: string
  readonly pieceLength: number
  readonly trackers: readonly string[]
}

/** Returns what is counted of a torrent. */
export function torrentFacts(metainfo: Metainfo): SummarizedTorrent {
  return {
    id: metainfo.infoHash ?? metainfo.infoHashV2 ?? '',
    private: metainfo.private,
    files: metainfo.fileList.count - metainfo.fileList.padCount,
    pieces: metainfo.pieceCount,
    size: contentSize(metainfo),
    torrentSize: metainfo.bytes.length,
    version: metainfo.version,
    pieceLength: metainfo.pieceLength,
    trackers: trackersOf(metainfo),
  }
}

function trackersOf(metainfo: Metainfo): string[] {
  const named = announceUrls(metainfo)
  return named.length === 0 ? ['none'] : [...new Set(named.map(serverOf))]
}

function serverOf(url: string): string {
  if (!URL.canParse(url)) return 'not a URL'
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/** Adds up the facts of torrents. */
export function summarize(all: readonly SummarizedTorrent[]): TorrentSummary {
  const distinct = [...new Map(all.toReversed().map((each) => [each.id, each])).values()]
  const sum = (of: (facts: SummarizedTorrent) => number) => {
    return distinct.reduce((total, facts) => total + of(facts), 0)
  }
  return {
    torrents: all.length,
    duplicates: all.length - distinct.length,
    private: distinct.filter((facts) => facts.private).length,
    files: sum(({ files }) => files),
    pieces: sum(({ pieces }) => pieces),
    size: sum(({ size }) => size),
    torrentSize: all.reduce((total, { torrentSize }) => total + torrentSize, 0),
    versions: shares(distinct, ({ version }) => [version]),
    pieceLengths: shares(distinct, ({ pieceLength }) => [String(pieceLength)]).toSorted(
      (a, b) => Number(a.value) - Number(b.value),
    ),
    trackers: shares(distinct, ({ trackers }) => trackers),
  }
}

/** Most torrents first. */
function shares(
  all: readonly SummarizedTorrent[],
  valuesOf: (facts: SummarizedTorrent) => readonly string[],
): Share[] {
  const byValue = new Map<string, Share>()
  for (const facts of all) {
    for (const value of valuesOf(facts)) {
      const { torrents, size } = byValue.get(value) ?? { torrents: 0, size: 0 }
      byValue.set(value, { value, torrents: torrents + 1, size: size + facts.size })
    }
  }
  return [...byValue.values()].sort((a, b) => {
    return b.torrents - a.torrents || (a.value < b.value ? -1 : 1)
  })
}
