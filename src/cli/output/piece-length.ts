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
    case 'too large': {
      const usual = formatBytes(reason.pieceLength)
      const large = `with ${usual} the .torrent would have ${formatBytes(reason.torrentSize)}`
      return [`as ${large} (--piece-length overrides this)`]
    }
  }
}
