import type { PieceFacts } from '../../core/make/piece-choice.js'
import { formatBytes } from '../../text/quantity.js'

/** Why pieces are as long as they are; null if that was said on the command line. */
export function whyLength({ reason, isBounded, pieceLength, size }: PieceFacts): string | null {
  if (reason.kind === 'given' && !isBounded) return null
  const length = `pieces of ${formatBytes(pieceLength)}`
  const bound = isBounded ? ['no longer by --max-piece-size'] : []
  return [length, ...causeOf(reason, size), ...bound].join(', ')
}

function causeOf(reason: PieceFacts['reason'], size: number): string[] {
  switch (reason.kind) {
    case 'given':
      return []
    case 'by size':
      return [`which suit ${formatBytes(size)}`]
    case 'by count':
      return [`the shortest of which there are at most ${reason.mostPieces}`]
    case 'fewest':
      return [`the shortest of which there are as few as can be, ${reason.pieceCount}`]
    case 'by torrent size':
      return [`the shortest for a .torrent of at most ${formatBytes(reason.largestTorrent)}`]
  }
}

/** Names with a backslash: how many there are, and the path of the first. */
interface BackslashedNames {
  readonly count: number
  readonly first: string | null
}

/** What is to be said of them, as one line; null where there are none. */
export function backslashWarning({ count, first }: BackslashedNames): string | null {
  if (first === null) return null
  const others = count > 1 ? ` and ${count - 1} more` : ''
  return `${first}${others}: a backslash in a name, which some clients change`
}
