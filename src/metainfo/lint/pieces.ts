import type { Metainfo } from '../metainfo.js'
import { alignedPieceLength, automaticPieceLength, MIN_PIECE_POW2 } from '../piece-length.js'
import { quoteText } from '../../text/escape.js'

const MIB = 1024 * 1024

/** What clients ask each other for at once, in bytes. */
const REQUEST_LENGTH = 2 ** MIN_PIECE_POW2

/** A quarter or four times the automatic piece length is a matter of taste. */
const TOLERANCE = 4

/** At this number of pieces a torrent is cut finely enough, whatever their length. */
const ENOUGH_PIECES = 1024

/** Content that is small, in bytes, may have any piece length. */
const SMALL_SIZE = 4 * MIB

/** Programs have fixed lengths of up to this many bytes for any content, as serve does for sets. */
const LARGE_FOR_ANY = MIB

/** libtorrent 2.0.8 loads no torrent with pieces of so many bytes. */
const REFUSED_LENGTH = 2 ** 30

/** Some clients keep a line on a screen or a request to a disk for each. */
const MANY_PIECES = 100_000

/** In bytes: libtorrent's own limit, unless a program raises it. */
const HUGE_TORRENT = 10_000_000

/** A piece length that is no power of two, or less than 16 KiB. */
export function* findOddPieceLength({ pieceLength }: Metainfo) {
  if (2 ** Math.round(Math.log2(pieceLength)) !== pieceLength) {
    yield `the piece length of ${pieceLength} bytes is not a power of two`
  } else if (pieceLength < REQUEST_LENGTH) {
    yield `the piece length of ${pieceLength} bytes is less than the 16 KiB that clients ask for`
  }
}

/** In version 2 each file begins a piece: many small ones are well served by short pieces. */
function suitedLength({ tree, size }: Metainfo): number {
  if (tree === null) return automaticPieceLength(size)
  return alignedPieceLength(tree.map(({ file }) => file.length))
}

/** Pieces of less than a quarter of the automatic length, which is at least four requests. */
export function* findSmallPieces(metainfo: Metainfo) {
  const { pieceLength, pieceCount, size } = metainfo
  const automatic = suitedLength(metainfo)
  if (pieceLength * TOLERANCE >= automatic) return
  yield `pieces of ${pieceLength} bytes are small for ${size} bytes, which makes ${pieceCount}; ${automatic} would do`
}

/**
 * Pieces above 1 MiB of more than four times the automatic length, and few: peers share only whole
 * ones. Also pieces above 1 MiB that are more than four times as long as all content.
 */
export function* findLargePieces(metainfo: Metainfo) {
  const { pieceLength, pieceCount, size, version } = metainfo
  if (pieceLength <= LARGE_FOR_ANY) return
  if (pieceLength > TOLERANCE * size && size > 0) {
    yield `a piece of ${pieceLength} bytes is longer than all ${size} bytes of content`
    return
  }
  // Long pieces cost small files nothing but the padding of a hybrid
  const automatic = version === 'hybrid' ? suitedLength(metainfo) : automaticPieceLength(size)
  if (pieceLength <= TOLERANCE * automatic) return
  if (size <= SMALL_SIZE || pieceCount >= ENOUGH_PIECES) return
  yield `pieces of ${pieceLength} bytes are large for ${size} bytes, which makes ${pieceCount}; ${automatic} would do`
}

/** Pieces of 1 GiB or more, of any content. */
export function* findRefusedPieces({ pieceLength }: Metainfo) {
  if (pieceLength < REFUSED_LENGTH) return
  yield `clients on libtorrent refuse pieces of ${pieceLength} bytes: they must be shorter than 1 GiB`
}

/** More than 100,000 pieces. */
export function* findManyPieces({ pieceCount }: Metainfo) {
  if (pieceCount > MANY_PIECES) yield `${pieceCount} pieces are more than some clients bear`
}

/** A .torrent above 10 MB. */
export function* findHugeTorrent({ bytes }: Metainfo) {
  if (bytes.length <= HUGE_TORRENT) return
  yield `the torrent has ${bytes.length} bytes, and clients refuse more than ${HUGE_TORRENT}`
}

/**
 * Files of a hybrid torrent that begin inside a piece: pad files must push each to a boundary, so
 * that v1 and v2 clients cut the same pieces (BEP 52).
 */
export function* findUnalignedFiles({ version, files, pieceLength }: Metainfo) {
  if (version !== 'hybrid') return
  let start = 0
  for (const { path, length, padding } of files) {
    if (!padding && length > 0 && start % pieceLength !== 0) {
      yield `path ${quoteText(path.join('/'))} begins inside a piece, ${start} bytes into the v1 content`
    }
    start += length
  }
}
