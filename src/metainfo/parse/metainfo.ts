import { Buffer } from 'node:buffer'
import {
  type CheckedBencode,
  checkBencode,
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_SIZE,
  type Spans,
} from '../bencode/check.js'
import { decodeBencode } from '../bencode/decode.js'
import { EncodedDict } from '../bencode/encoded-dict.js'
import { DICT } from '../bencode/offsets.js'
import type { Span } from '../bencode/value.js'
import { encodedInfo, type Metainfo, type UnhashedMetainfo, withInfoHashes } from '../metainfo.js'
import { BtkitError } from '../../base/errors.js'
import { escapeBadBytes, quoteText } from '../../base/text/escape.js'
import { readFields } from '../fields.js'
import { EncodedFileList } from './file-list.js'
import { metainfoError } from './require-field.js'
import { findUnsafePaths, warnOfUnsafePaths } from './unsafe-path.js'
import { type InfoContent, validateInfo } from './info.js'
import { WarningList } from '../warning.js'

/** Limits of the input. */
export interface ParseOptions {
  /** Maximum bytes of the input. Default: 64 MiB. */
  readonly maxSize?: number
  /** Maximum number of bencoded values; each file has four or more. Default: 8 Mi. */
  readonly maxValues?: number
}

/**
 * Parses a .torrent file of unknown origin and checks its `info` (BEP 3, BEP 52). The result holds
 * views of `bytes`, which must not change later.
 *
 * Faults that do not prevent reading become `warnings`. Paths that are unsafe to create on a disk
 * are listed in `unsafePaths`.
 * @throws BtkitError `bencode` for invalid bencode, with the offset or the beginning of the file;
 *   `metainfo` for invalid metainfo, with the key; `too-large` for too many values
 */
export function parseMetainfo(bytes: Uint8Array, options: ParseOptions = {}): Metainfo {
  return withInfoHashes(parseUnhashed(bytes, options))
}

/**
 * Does the same without the info hashes, which take longer than all the rest.
 * @throws BtkitError as parseMetainfo
 */
export function parseUnhashed(bytes: Uint8Array, options: ParseOptions = {}): UnhashedMetainfo {
  const { maxSize = DEFAULT_MAX_SIZE, maxValues } = options
  checkBeginning(bytes)
  const checked = checkBencode(bytes, { maxSize, maxDepth: DEFAULT_MAX_DEPTH, maxValues })
  const dictionaries = dictionariesOf(bytes, checked)
  const isSorted = !checked.warnings.some(({ code }) => code === 'unsorted-keys')
  const warnings = new WarningList()
  const content = validateInfo(dictionaries.top, dictionaries.info, isSorted, warnings)
  if (content.size === 0) warnings.add('no-content', () => 'info: the files are all empty')
  return describe(checked, dictionaries, content, warnings)
}

/**
 * Parses a torrent that an edit made of another one without changing `info`. If that is possible,
 * `info` is not checked again, which takes longest.
 * @throws BtkitError as parseMetainfo
 */
export function parseEdited(bytes: Uint8Array, before: UnhashedMetainfo): UnhashedMetainfo {
  const limits = { maxSize: bytes.length, maxDepth: DEFAULT_MAX_DEPTH }
  if (before.warnings.length > 0 || before.version !== 'v1') return parseUnhashed(bytes, limits)
  const checked = checkBencode(bytes, limits, encodedInfo(before))
  return describe(checked, dictionariesOf(bytes, checked), before, new WarningList())
}

/** A torrent's dictionaries, and the position of `info`. */
interface TorrentDicts {
  readonly top: EncodedDict
  readonly info: EncodedDict
  readonly infoSpan: Span
}

function dictionariesOf(bytes: Uint8Array, { spans, infoSpans }: CheckedBencode): TorrentDicts {
  const infoSpan = requireInfo(bytes, spans)
  return { top: new EncodedDict(bytes, spans), info: new EncodedDict(bytes, infoSpans), infoSpan }
}

/** Reads what `content` leaves open. */
function describe(
  checked: CheckedBencode,
  { top, info, infoSpan }: TorrentDicts,
  content: InfoContent,
  warnings: WarningList,
): UnhashedMetainfo {
  const fields = readFields(top, info, warnings)
  const { fileList } = content
  const isSafe = fileList instanceof EncodedFileList && fileList.isSafe
  const unsafePaths = findUnsafePaths(content.name, content.isDirectory, isSafe ? [] : fileList)
  warnOfUnsafePaths(unsafePaths, warnings)
  const described: Omit<UnhashedMetainfo, keyof typeof LAZY> = {
    bytes: top.bytes,
    spans: checked.spans,
    infoSpan,
    infoSpans: checked.infoSpans,
    version: content.version,
    name: content.name,
    isDirectory: content.isDirectory,
    pieceLength: content.pieceLength,
    pieceCount: content.pieceCount,
    size: content.size,
    fileList,
    tree: content.tree,
    pieces: content.pieces,
    ...fields,
    unsafePaths,
    warnings: [...checked.warnings, ...warnings.toArray()],
  }
  return Object.defineProperties(described, LAZY) as UnhashedMetainfo
}

/**
 * Values that are decoded when they are first requested. They are defined afterwards, because an
 * object with getters of its own takes longer to create than a small torrent to read.
 */
const LAZY = {
  info: {
    get(this: UnhashedMetainfo): unknown {
      return settle(this, 'info', decodeBencode(this.bytes, this.infoSpan.start))
    },
    enumerable: true,
    configurable: true,
  },
  files: {
    get(this: UnhashedMetainfo): unknown {
      return settle(this, 'files', [...this.fileList])
    },
    enumerable: true,
    configurable: true,
  },
}

/** Keeps a value, unless the program has frozen the torrent. */
function settle(torrent: UnhashedMetainfo, name: keyof typeof LAZY, value: unknown): unknown {
  Reflect.defineProperty(torrent, name, { value, enumerable: true })
  return value
}

/**
 * Bytes of a file that is not a torrent to quote in the error, so that the reader recognizes it.
 */
const BEGINNING = 24

/** Checks that the file begins with `d`, as every torrent does, even a damaged one. */
function checkBeginning(bytes: Uint8Array): void {
  if (bytes[0] === DICT) return
  if (bytes.length === 0) throw new BtkitError('bencode', 'not a torrent (it is empty)')
  const beginning = Buffer.from(bytes.subarray(0, BEGINNING))
  if (isBinary(beginning)) throw new BtkitError('bencode', 'not a torrent (binary data)')
  const [line = ''] = escapeBadBytes(beginning).split(/[\r\n]/)
  throw new BtkitError('bencode', `not a torrent (it begins with ${quoteText(line)})`)
}

/** Whether bytes hold invalid UTF-8, or control characters other than those of texts. */
function isBinary(bytes: Uint8Array): boolean {
  try {
    // A character may be cut at the end
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    // eslint-disable-next-line no-control-regex
    return /[\0-\b\x0e-\x1a\x1c-\x1f]/.test(text)
  } catch {
    return true
  }
}

/** The value of `info` alone, as rtorrent keeps it in HASH.meta of a magnet link. */
const BARE =
  "is the whole file, as of a HASH.meta of rtorrent; with 'd4:info' in front and 'e' at its end it is a torrent"

function requireInfo(bytes: Uint8Array, spans: Spans): Span {
  const span = spans.get('info')
  if (span === undefined)
    throw metainfoError('info', CONTENT_KEYS.some((key) => spans.has(key)) ? BARE : 'is missing')
  if (bytes[span.start] !== DICT) throw metainfoError('info', 'is not a dictionary')
  return span
}

/** Keys of `info` that describe the content; a torrent has at least one of them (BEP 3, BEP 52). */
const CONTENT_KEYS = ['pieces', 'file tree']

/**
 * Whether bytes are a torrent: a dictionary, in which `info` has a piece length and digests. Other
 * faults are ignored.
 */
export function isTorrent(bytes: Uint8Array): boolean {
  try {
    const { infoSpans } = checkBencode(bytes, { maxSize: Infinity, maxDepth: Infinity })
    return infoSpans.has('piece length') && CONTENT_KEYS.some((key) => infoSpans.has(key))
  } catch (error) {
    if (error instanceof BtkitError) return false
    throw error
  }
}
