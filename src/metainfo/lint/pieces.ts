import { eachFile, type Metainfo } from '../metainfo.js'
import { countItems } from '../bencode/offsets.js'
import type { LintRules } from './finding.js'
import { REFUSALS, refusal } from './refused.js'
import { alignedPieceLength, automaticPieceLength, MIN_PIECE_POW2 } from '../piece-length.js'
import { quoteText } from '../../base/text/escape.js'
import { count } from '../../base/text/quantity.js'

const MIB = 1024 * 1024

/** Bytes that clients request at once. */
const REQUEST_LENGTH = 2 ** MIN_PIECE_POW2

/**
 * Largest accepted factor between a piece length and the automatic one. Within it, the choice is a
 * matter of taste.
 */
const TOLERANCE = 4

/** With this many pieces a torrent is divided finely enough, whatever the piece length. */
const ENOUGH_PIECES = 1024

/** Largest content, in bytes, for which any piece length is accepted. */
const SMALL_SIZE = 4 * MIB

/**
 * Largest piece length in bytes that is accepted for any content, because some programs always use
 * it. One is serve with sets.
 */
const LARGE_FOR_ANY = MIB

/**
 * Above this number, clients that show a line or make a disk request for each piece become slow.
 */
const MANY_PIECES = 100_000

/**
 * Returns the automatic piece length. In version 2 each file begins a piece, so many small files
 * suit short pieces.
 */
function suitedLength({ tree, size }: Metainfo): number {
  if (tree === null) return automaticPieceLength(size)
  return alignedPieceLength(tree.map(({ file }) => file.length))
}

/** The rules about pieces, in the order of their findings. */
export const PIECE_RULES = {
  /** Finds a piece length that is not a power of two, or less than 16 KiB. */
  *'piece-length-odd'({ pieceLength }) {
    if (2 ** Math.round(Math.log2(pieceLength)) !== pieceLength) {
      yield `the piece length of ${count(pieceLength, 'byte')} is not a power of two`
    } else if (pieceLength < REQUEST_LENGTH) {
      yield `the piece length of ${count(pieceLength, 'byte')} is less than the 16 KiB that clients ask for`
    }
  },
  /** Finds pieces shorter than a quarter of the automatic length. */
  *'piece-length-small'(metainfo) {
    const { pieceLength, pieceCount, size } = metainfo
    const automatic = suitedLength(metainfo)
    if (pieceLength * TOLERANCE >= automatic) return
    yield `pieces of ${count(pieceLength, 'byte')} are small for ${count(size, 'byte')}, which makes ${pieceCount}; ${automatic} would do`
  },
  /**
   * Finds too large pieces, because peers share only whole pieces. Only piece lengths above 1 MiB
   * count. They are too large if they exceed four times the automatic length and are few, or if
   * they exceed four times the whole content.
   */
  *'piece-length-large'(metainfo) {
    const { pieceLength, pieceCount, size, version } = metainfo
    if (pieceLength <= LARGE_FOR_ANY) return
    if (pieceLength > TOLERANCE * size && size > 0) {
      yield `a piece of ${count(pieceLength, 'byte')} is longer than all ${count(size, 'byte')} of content`
      return
    }
    // With small files, long pieces only cost the padding of a hybrid
    const automatic = version === 'hybrid' ? suitedLength(metainfo) : automaticPieceLength(size)
    if (pieceLength <= TOLERANCE * automatic) return
    if (size <= SMALL_SIZE || pieceCount >= ENOUGH_PIECES) return
    yield `pieces of ${count(pieceLength, 'byte')} are large for ${count(size, 'byte')}, which makes ${pieceCount}; ${automatic} would do`
  },
  /** Finds pieces of 1 GiB or more. */
  'piece-length-refused': ({ pieceLength }) => refusal('piece-length-refused', pieceLength),
  /** Finds more than 100,000 pieces, unless they are as long as btkit would choose. */
  *'many-pieces'(metainfo) {
    const { pieceCount, pieceLength } = metainfo
    if (pieceCount <= MANY_PIECES || pieceLength >= suitedLength(metainfo)) return
    yield `${pieceCount} pieces are more than some clients can handle`
  },
  /** Finds a .torrent above 10 MB. */
  'huge-torrent': ({ bytes }) => refusal('huge-torrent', bytes.length),
  /** Finds a .torrent of more than three million items, as some of 300,000 small files are. */
  'too-many-items'({ bytes }) {
    const code = 'too-many-items'
    return bytes.length > REFUSALS[code].most ? refusal(code, countItems(bytes)) : []
  },
  /**
   * Finds files of a hybrid torrent that begin inside a piece. Pad files must move each file to a
   * piece boundary, so that v1 and v2 clients use the same pieces (BEP 52).
   */
  *'unaligned-hybrid'(metainfo) {
    const { version, pieceLength } = metainfo
    if (version !== 'hybrid') return
    let start = 0
    for (const { path, length, padding } of eachFile(metainfo)) {
      if (!padding && length > 0 && start % pieceLength !== 0) {
        yield `path ${quoteText(path.join('/'))} begins inside a piece, ${count(start, 'byte')} into the v1 content`
      }
      start += length
    }
  },
  /**
   * Finds pad files of a hybrid torrent other than one between the end of a file and that of its
   * last piece. libtorrent derives the pad files from the file tree, and refuses others.
   */
  *'odd-padding'(metainfo) {
    const { version, pieceLength } = metainfo
    if (version !== 'hybrid') return
    let start = 0
    for (const { path, length, padding } of eachFile(metainfo)) {
      const inPiece = start % pieceLength
      if (padding && (inPiece === 0 || inPiece + length !== pieceLength)) {
        yield `pad file ${quoteText(path.join('/'))} of ${count(length, 'byte')}, ${count(start, 'byte')} into the v1 content, does not fill up the last piece of a file; clients on libtorrent refuse the torrent`
      }
      start += length
    }
  },
  /** Finds BitComet's pad files, which have no attribute. */
  *'pad-by-name'(metainfo) {
    if (metainfo.fileList.padCount === 0) return
    for (const { path, padding, attr } of eachFile(metainfo)) {
      if (!padding || attr.includes('p')) continue
      yield `path ${quoteText(path.join('/'))} is a pad file only by its name, as of BitComet; some programs download it`
    }
  },
} satisfies LintRules
