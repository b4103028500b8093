import type { PieceFacts } from '../../core/make/piece-choice.js'
import { formatBytes } from '../../base/text/quantity.js'

/** Why pieces are as long as they are; null if that was said on the command line. */
export function whyLength({ reason, isLimited, pieceLength, size }: PieceFacts): string | null {
  if (reason.kind === 'given' && !isLimited) return null
  const length = `pieces of ${formatBytes(pieceLength)}`
  const limit = isLimited ? ['limited by --max-piece-length'] : []
  return [length, ...causeOf(reason, size), ...limit].join(', ')
}

function causeOf(reason: PieceFacts['reason'], size: number): string[] {
  switch (reason.kind) {
    case 'given':
      return []
    case 'by size':
      return [`which suit ${formatBytes(size)}`]
    case 'by count':
      return [`the shortest of which there are at most ${reason.targetPieces}`]
    case 'fewest':
      return [`the shortest that gives the fewest pieces (${reason.pieceCount})`]
    case 'by torrent size':
      return [`the shortest for a .torrent of at most ${formatBytes(reason.maxTorrentSize)}`]
  }
}

/** Warns of `count` names with a backslash in one line. */
export function backslashWarning(count: number, first: string): string {
  const others = count > 1 ? ` and ${count - 1} more` : ''
  return `${first}${others}: a backslash in a name, which some clients change`
}
