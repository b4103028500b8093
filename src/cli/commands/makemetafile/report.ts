import type { Content } from '../../../core/digests/content.js'
import type { TooLarge, TorrentPlan } from '../../../core/make/make-torrent.js'
import { jsonLine } from '../../../text/json-line.js'
import { count, formatBytes } from '../../output/quantity.js'

/** A torrent that was made, or with `infoHash` null one that would be. */
export interface MakeResult {
  readonly plan: TorrentPlan
  readonly infoHash: string | null
  /** Bytes of the .torrent. */
  readonly torrentSize: number
  readonly seconds: number
}

/** A result for programs: one line of JSON. */
export function makeJson(made: MakeResult): string {
  const { request, content, tooLarge } = made.plan
  const { name, pieceLength, pieceCount, size, files, skipped } = content
  const result = {
    torrent: request.torrent,
    name,
    infoHash: made.infoHash,
    dryRun: made.infoHash === null,
    pieceLength,
    automaticPieceLength: request.pieceLength === 'auto' || tooLarge !== null,
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
  const target = made.plan.request.torrent ?? 'standard output'
  return [
    `${verb} ${target} (${formatBytes(made.torrentSize)})`,
    ...(made.infoHash === null ? [] : [`info hash: ${made.infoHash}`]),
    contentLine(made.plan.content),
  ]
}

function contentLine({ files, size, pieceCount, pieceLength }: Content): string {
  const pieces = `${count(pieceCount, 'piece')} of ${formatBytes(pieceLength)}`
  return `content: ${count(files.length, 'file')}, ${formatBytes(size)} in ${pieces}`
}

/**
 * How a torrent differs from what a person may expect: longer pieces, entries that were skipped.
 */
export function notes(
  { content, tooLarge }: TorrentPlan,
  { verbose, dryRun }: { readonly verbose: boolean; readonly dryRun: boolean },
): string[] {
  const verb = dryRun ? 'would skip' : 'skipped'
  const entries = verbose ? skippedEntries(content) : skippedCounts(content)
  const skipped = entries.map((entry) => `${verb} ${entry}`)
  return tooLarge === null ? skipped : [lengthNote(content, tooLarge), ...skipped]
}

function lengthNote({ pieceLength }: Content, tooLarge: TooLarge): string {
  const instead = `pieces of ${formatBytes(pieceLength)}`
  const usual = formatBytes(tooLarge.pieceLength)
  const reason = `with ${usual} the .torrent would have ${formatBytes(tooLarge.torrentSize)}`
  return `${instead}, as ${reason} (--piece-length overrides this)`
}

/** How many entries are left out, by reason, in one line: `3 hidden, 1 broken link`. */
function skippedCounts({ skipped }: Content): string[] {
  if (skipped.length === 0) return []
  const byReason = new Map<string, number>()
  for (const { reason } of skipped) byReason.set(reason, (byReason.get(reason) ?? 0) + 1)
  return [[...byReason].map(([reason, n]) => `${n} ${reason}`).join(', ')]
}

function skippedEntries({ skipped }: Content): string[] {
  return skipped.map(({ path, reason }) => `${path} (${reason})`)
}
