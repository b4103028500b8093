import { BtkitError } from '../../base/errors.js'
import { MAX_PIECE_POW2, MIN_PIECE_POW2, pieceLengthOf } from '../../metainfo/piece-length.js'
import type { PieceLength } from '../../metainfo/values.js'
import { formatBytes } from '../../base/text/quantity.js'
import { bytesOf, cutIntoPieces, type Content, type ContentRules } from '../digests/content.js'
import { SHA1 } from '../../metainfo/sizes.js'

/** The rules for the piece length. Lengths and sizes are in bytes. */
export interface PieceRules extends Pick<ContentRules, 'pieceLength'> {
  /** Maximum number of pieces: chooses the shortest piece length that keeps it. */
  readonly mostPieces?: number | undefined
  /** Maximum bytes of the .torrent: chooses the shortest piece length that keeps it. */
  readonly largestTorrent?: number | undefined
  /** Maximum piece length, which overrides all other rules. */
  readonly longestPiece?: PieceLength | undefined
}

/** The reason for a piece length. */
export type PieceReason =
  | { readonly kind: 'given' }
  | { readonly kind: 'by size' }
  | { readonly kind: 'by count'; readonly mostPieces: number }
  /** The number of pieces cannot be lower: each file begins one, or pieces would be too long. */
  | { readonly kind: 'fewest'; readonly pieceCount: number }
  | { readonly kind: 'by torrent size'; readonly largestTorrent: number }

export interface PieceChoice {
  readonly content: Content
  readonly reason: PieceReason
  /** Whether `longestPiece` changed the piece length. */
  readonly isLimited: boolean
}

/** The piece length and its reason. */
export interface PieceFacts extends Omit<PieceChoice, 'content'> {
  /** In bytes. */
  readonly pieceLength: number
  /** The bytes of the content's files. */
  readonly size: number
}

/** Returns the facts about a choice that people may want to know. */
export function pieceFacts({ content, reason, isLimited }: PieceChoice): PieceFacts {
  return { reason, isLimited, pieceLength: content.pieceLength, size: bytesOf(content) }
}

/** Returns the size of a content's .torrent in bytes. */
export type MeasureTorrent = (content: Content) => number

/**
 * Divides content into pieces by the rules. Measures only if a rule needs it, because that is slow
 * with many files.
 * @throws BtkitError `too-large` if no piece length makes the .torrent small enough
 */
export function choosePieces(
  content: Content,
  rules: PieceRules,
  measure: MeasureTorrent,
): PieceChoice {
  const { pieceLength, mostPieces, largestTorrent, longestPiece = LONGEST } = rules
  const { content: cut, reason } =
    largestTorrent !== undefined
      ? fitTorrent(content, { ...rules, largestTorrent }, measure)
      : mostPieces !== undefined
        ? fitCount(content, mostPieces)
        : { content, reason: { kind: pieceLength === 'auto' ? 'by size' : 'given' } as const }
  if (cut.pieceLength <= longestPiece) return { content: cut, reason, isLimited: false }
  return { content: cutIntoPieces(content, longestPiece), reason, isLimited: true }
}

const SHORTEST = pieceLengthOf(MIN_PIECE_POW2)
const LONGEST = pieceLengthOf(MAX_PIECE_POW2)

type Preference = Omit<PieceChoice, 'isLimited'>

function fitCount(content: Content, mostPieces: number): Preference {
  let fewest = cutIntoPieces(content, SHORTEST)
  for (const cut of cutByLength(content, LONGEST)) {
    if (cut.pieceCount <= mostPieces)
      return { content: cut, reason: { kind: 'by count', mostPieces } }
    if (cut.pieceCount < fewest.pieceCount) fewest = cut
  }
  return { content: fewest, reason: { kind: 'fewest', pieceCount: fewest.pieceCount } }
}

function fitTorrent(
  content: Content,
  { largestTorrent, longestPiece = LONGEST }: PieceRules & { largestTorrent: number },
  measure: MeasureTorrent,
): Preference {
  const reason: PieceReason = { kind: 'by torrent size', largestTorrent }
  for (const cut of cutByLength(content, longestPiece)) {
    // The size of the v1 digests alone excludes most lengths
    const least = cut.version === 'v2' ? 0 : cut.pieceCount * SHA1
    if (least <= largestTorrent && measure(cut) <= largestTorrent) return { content: cut, reason }
  }
  const size = measure(cutIntoPieces(content, longestPiece))
  const pieces = `with pieces of ${formatBytes(longestPiece)}`
  const why = `${pieces} the .torrent would still have ${formatBytes(size)}`
  throw new BtkitError('too-large', `${content.name}: ${why}`)
}

/** Yields the content with each possible piece length, shortest first. */
function* cutByLength(content: Content, longest: PieceLength): Generator<Content> {
  for (let pow2 = MIN_PIECE_POW2; 2 ** pow2 <= longest; pow2++) {
    yield cutIntoPieces(content, pieceLengthOf(pow2))
  }
}
