import { BtkitError } from '../../errors.js'
import { MAX_PIECE_POW2, MIN_PIECE_POW2 } from '../../metainfo/piece-length.js'
import { formatBytes } from '../../text/quantity.js'
import { bytesOf, cutIntoPieces, type Content, type ContentRules } from '../digests/content.js'
import { DIGEST } from '../digests/piece-table.js'

/** What decides how long the pieces are. Lengths and sizes are in bytes. */
export interface PieceRules extends Pick<ContentRules, 'pieceLength'> {
  /** The pieces that there may be: the shortest length with so few is taken. */
  readonly mostPieces?: number | undefined
  /** The bytes that a .torrent may have: the shortest length with so few is taken. */
  readonly largestTorrent?: number | undefined
  /** No piece is longer, whatever else is asked for. */
  readonly longestPiece?: number | undefined
}

/** Why pieces are as long as they are. */
export type PieceReason =
  | { readonly kind: 'given' }
  | { readonly kind: 'by size' }
  | { readonly kind: 'by count'; readonly mostPieces: number }
  /** Fewer pieces than these there can't be: each file begins one, or they would be too long. */
  | { readonly kind: 'fewest'; readonly pieceCount: number }
  | { readonly kind: 'by torrent size'; readonly largestTorrent: number }

export interface PieceChoice {
  readonly content: Content
  readonly reason: PieceReason
  /** Whether they would be longer, if they were allowed to be. */
  readonly isBounded: boolean
}

/** How long pieces are, and why. */
export interface PieceFacts extends Omit<PieceChoice, 'content'> {
  /** In bytes. */
  readonly pieceLength: number
  /** The bytes of the content's files. */
  readonly size: number
}

/** What people may want to know of a choice. */
export function pieceFacts({ content, reason, isBounded }: PieceChoice): PieceFacts {
  return { reason, isBounded, pieceLength: content.pieceLength, size: bytesOf(content) }
}

/** The bytes that the .torrent of some content will have. */
export type MeasureTorrent = (content: Content) => number

/**
 * Cuts content into pieces by some rules. Measuring is slow with many files, so it is done only
 * where a rule needs it.
 * @throws BtkitError `too-large` when no length is enough for the .torrent to be as small as asked
 */
export function choosePieces(
  content: Content,
  rules: PieceRules,
  measure: MeasureTorrent,
): PieceChoice {
  const { longestPiece = 2 ** MAX_PIECE_POW2 } = rules
  const { content: cut, reason } = prefer(content, rules, measure)
  if (cut.pieceLength <= longestPiece) return { content: cut, reason, isBounded: false }
  return { content: cutIntoPieces(content, longestPiece), reason, isBounded: true }
}

type Preference = Omit<PieceChoice, 'isBounded'>

function prefer(content: Content, rules: PieceRules, measure: MeasureTorrent): Preference {
  const { pieceLength, mostPieces, largestTorrent } = rules
  if (largestTorrent !== undefined)
    return fitTorrent(content, { ...rules, largestTorrent }, measure)
  if (mostPieces !== undefined) return fitCount(content, mostPieces)
  return { content, reason: { kind: pieceLength === 'auto' ? 'by size' : 'given' } }
}

function fitCount(content: Content, mostPieces: number): Preference {
  let fewest = cutIntoPieces(content, 2 ** MIN_PIECE_POW2)
  for (const cut of cutByLength(content, 2 ** MAX_PIECE_POW2)) {
    if (cut.pieceCount <= mostPieces)
      return { content: cut, reason: { kind: 'by count', mostPieces } }
    if (cut.pieceCount < fewest.pieceCount) fewest = cut
  }
  return { content: fewest, reason: { kind: 'fewest', pieceCount: fewest.pieceCount } }
}

function fitTorrent(
  content: Content,
  { largestTorrent, longestPiece = 2 ** MAX_PIECE_POW2 }: PieceRules & { largestTorrent: number },
  measure: MeasureTorrent,
): Preference {
  const reason: PieceReason = { kind: 'by torrent size', largestTorrent }
  for (const cut of cutByLength(content, longestPiece)) {
    // The digests of v1 alone tell of most lengths that they are too short
    const least = cut.version === 'v2' ? 0 : cut.pieceCount * DIGEST
    if (least <= largestTorrent && measure(cut) <= largestTorrent) return { content: cut, reason }
  }
  const size = measure(cutIntoPieces(content, longestPiece))
  const pieces = `with pieces of ${formatBytes(longestPiece)}`
  const why = `${pieces} the .torrent would still have ${formatBytes(size)}`
  throw new BtkitError('too-large', `${content.name}: ${why}`)
}

/** The content cut into pieces of each length there is, the shortest first. */
function* cutByLength(content: Content, longest: number): Generator<Content> {
  for (let length = 2 ** MIN_PIECE_POW2; length <= longest; length *= 2) {
    yield cutIntoPieces(content, length)
  }
}
