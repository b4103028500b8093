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
  readonly targetPieces?: number | undefined
  /** Maximum bytes of the .torrent: chooses the shortest piece length that keeps it. */
  readonly maxTorrentSize?: number | undefined
  /** Maximum piece length, which overrides all other rules. */
  readonly maxPieceLength?: PieceLength | undefined
}

/** The reason for a piece length. */
export type PieceReason =
  | { readonly kind: 'given' }
  | { readonly kind: 'by size' }
  | { readonly kind: 'by count'; readonly targetPieces: number }
  /** The number of pieces cannot be lower: each file begins one, or pieces would be too long. */
  | { readonly kind: 'fewest'; readonly pieceCount: number }
  | { readonly kind: 'by torrent size'; readonly maxTorrentSize: number }

/** A piece length in bytes, and why it was chosen. */
export interface PieceChoice {
  readonly pieceLength: PieceLength
  readonly reason: PieceReason
  /** Whether `maxPieceLength` changed the piece length. */
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
  const { targetPieces, maxTorrentSize, maxPieceLength = LONGEST } = rules
  const preferred =
    maxTorrentSize !== undefined
      ? fitTorrent(content, { ...rules, maxTorrentSize }, measure)
      : targetPieces !== undefined
        ? fitCount(content, targetPieces)
        : suit(content, rules.pieceLength)
  const isLimited = preferred.pieceLength > maxPieceLength
  return { ...preferred, ...(isLimited && { pieceLength: maxPieceLength }), isLimited }
}

const LONGEST = pieceLengthOf(MAX_PIECE_POW2)

type Preference = Omit<PieceChoice, 'isLimited'>

function suit(content: UncutContent, given: PieceRules['pieceLength']): Preference {
  if (given !== 'auto') return { pieceLength: given, reason: { kind: 'given' } }
  return { pieceLength: suitedPieceLength(content), reason: { kind: 'by size' } }
}

function fitCount(content: UncutContent, targetPieces: number): Preference {
  let [fewest, pieceCount] = [LONGEST, Infinity]
  for (const pieceLength of lengthsTo(LONGEST)) {
    const count = countPieces(content, pieceLength)
    if (count <= targetPieces) return { pieceLength, reason: { kind: 'by count', targetPieces } }
    if (count < pieceCount) [fewest, pieceCount] = [pieceLength, count]
  }
  return { pieceLength: fewest, reason: { kind: 'fewest', pieceCount } }
}

function fitTorrent(
  content: UncutContent,
  { maxTorrentSize, maxPieceLength = LONGEST }: PieceRules & { maxTorrentSize: number },
  measure: MeasureTorrent,
): Preference {
  const reason: PieceReason = { kind: 'by torrent size', maxTorrentSize }
  for (const pieceLength of lengthsTo(maxPieceLength)) {
    // The size of the v1 digests alone excludes most lengths
    const least = content.version === 'v2' ? 0 : countPieces(content, pieceLength) * SHA1
    if (least > maxTorrentSize) continue
    if (measure(cutIntoPieces(content, pieceLength)) <= maxTorrentSize)
      return { pieceLength, reason }
  }
  const size = measure(cutIntoPieces(content, maxPieceLength))
  const pieces = `with pieces of ${formatBytes(maxPieceLength)}`
  const why = `${pieces} the .torrent would still have ${formatBytes(size)}`
  throw new BtkitError('too-large', `${content.name}: ${why}`)
}

/** Yields each possible piece length, shortest first. */
function* lengthsTo(longest: PieceLength): Generator<PieceLength> {
  for (let pow2 = MIN_PIECE_POW2; 2 ** pow2 <= longest; pow2++) yield pieceLengthOf(pow2)
}
