import { BtkitError } from '../../base/errors.js'
import { MAX_PIECE_POW2, MIN_PIECE_POW2, pieceLengthOf } from '../../metainfo/piece-length.js'
import type { PieceLength } from '../../metainfo/values.js'
import { formatBytes } from '../../base/text/quantity.js'
import {
  bytesOf,
  countPieces,
  cutIntoPieces,
  suitedPieceLength,
  type Content,
  type ContentRules,
  type UncutContent,
} from '../digests/content.js'
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

/** A piece length in bytes, and why it was chosen. */
export interface PieceChoice {
  readonly pieceLength: PieceLength
  readonly reason: PieceReason
  /** Whether `longestPiece` changed the piece length. */
  readonly isLimited: boolean
}

/** The facts about a choice that people may want to know. */
export interface PieceFacts extends PieceChoice {
  /** The bytes of the content's files. */
  readonly size: number
}

/** Returns such facts about content. */
export function pieceFacts(content: UncutContent, choice: PieceChoice): PieceFacts {
  return { ...choice, size: bytesOf(content) }
}

/** Returns the size of a content's .torrent in bytes. */
export type MeasureTorrent = (content: Content) => number

/**
 * Chooses the piece length of content by the rules. Divides and measures it only if a rule needs
 * that, because it is slow with many files.
 * @throws BtkitError `too-large` if no piece length makes the .torrent small enough
 */
export function choosePieces(
  content: UncutContent,
  rules: PieceRules,
  measure: MeasureTorrent,
): PieceChoice {
  const { mostPieces, largestTorrent, longestPiece = LONGEST } = rules
  const preferred =
    largestTorrent !== undefined
      ? fitTorrent(content, { ...rules, largestTorrent }, measure)
      : mostPieces !== undefined
        ? fitCount(content, mostPieces)
        : suit(content, rules.pieceLength)
  const isLimited = preferred.pieceLength > longestPiece
  return { ...preferred, ...(isLimited && { pieceLength: longestPiece }), isLimited }
}

const LONGEST = pieceLengthOf(MAX_PIECE_POW2)

type Preference = Omit<PieceChoice, 'isLimited'>

function suit(content: UncutContent, given: PieceRules['pieceLength']): Preference {
  if (given !== 'auto') return { pieceLength: given, reason: { kind: 'given' } }
  return { pieceLength: suitedPieceLength(content), reason: { kind: 'by size' } }
}

function fitCount(content: UncutContent, mostPieces: number): Preference {
  let [fewest, pieceCount] = [LONGEST, Infinity]
  for (const pieceLength of lengthsTo(LONGEST)) {
    const count = countPieces(content, pieceLength)
    if (count <= mostPieces) return { pieceLength, reason: { kind: 'by count', mostPieces } }
    if (count < pieceCount) [fewest, pieceCount] = [pieceLength, count]
  }
  return { pieceLength: fewest, reason: { kind: 'fewest', pieceCount } }
}

function fitTorrent(
  content: UncutContent,
  { largestTorrent, longestPiece = LONGEST }: PieceRules & { largestTorrent: number },
  measure: MeasureTorrent,
): Preference {
  const reason: PieceReason = { kind: 'by torrent size', largestTorrent }
  for (const pieceLength of lengthsTo(longestPiece)) {
    // The size of the v1 digests alone excludes most lengths
    const least = content.version === 'v2' ? 0 : countPieces(content, pieceLength) * SHA1
    if (least > largestTorrent) continue
    if (measure(cutIntoPieces(content, pieceLength)) <= largestTorrent)
      return { pieceLength, reason }
  }
  const size = measure(cutIntoPieces(content, longestPiece))
  const pieces = `with pieces of ${formatBytes(longestPiece)}`
  const why = `${pieces} the .torrent would still have ${formatBytes(size)}`
  throw new BtkitError('too-large', `${content.name}: ${why}`)
}

/** Yields each possible piece length, shortest first. */
function* lengthsTo(longest: PieceLength): Generator<PieceLength> {
  for (let pow2 = MIN_PIECE_POW2; 2 ** pow2 <= longest; pow2++) yield pieceLengthOf(pow2)
}
