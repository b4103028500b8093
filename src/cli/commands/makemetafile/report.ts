import type { Content } from '../../../core/digests/content.js'
import type { MakeRequest } from '../../../core/make/make-torrent.js'
import { jsonLine } from '../../../text/json-line.js'
import { count, formatBytes } from '../../output/quantity.js'

/** A torrent that was made, or with `infoHash` null one that would be. */
export interface MakeResult {
  readonly request: MakeRequest
  readonly content: Content
  readonly infoHash: string | null
  /** Bytes of the .torrent. */
  readonly torrentSize: number
  readonly seconds: number
}

/** A result for programs: one line of JSON. */
export function makeJson(made: MakeResult): string {
  const { name, pieceLength, pieceCount, size, files, skipped } = made.content
  const result = {
    torrent: made.request.torrent,
    name,
    infoHash: made.infoHash,
    pieceLength,
    pieceCount,
    size,
    fileCount: files.length,
    torrentSize: made.torrentSize,
    skipped,
    seconds: made.seconds,
  }
  return jsonLine(result)
}

/** A result for people. */
export function textLines(made: MakeResult): string[] {
  const verb = made.infoHash === null ? 'would write' : 'wrote'
  const target = made.request.torrent ?? 'standard output'
  return [
    `${verb} ${target} (${formatBytes(made.torrentSize)})`,
    ...(made.infoHash === null ? [] : [`info hash: ${made.infoHash}`]),
    contentLine(made.content),
  ]
}

function contentLine({ files, size, pieceCount, pieceLength }: Content): string {
  const pieces = `${count(pieceCount, 'piece')} of ${formatBytes(pieceLength)}`
  return `content: ${count(files.length, 'file')}, ${formatBytes(size)} in ${pieces}`
}

/** What was left out, by reason: `3 hidden, 1 broken link`; empty when nothing was. */
export function skippedSummary({ skipped }: Content): string {
  const byReason = new Map<string, number>()
  for (const { reason } of skipped) byReason.set(reason, (byReason.get(reason) ?? 0) + 1)
  return [...byReason].map(([reason, n]) => `${n} ${reason}`).join(', ')
}
