import type { EncodedDict } from '../bencode/encoded-dict.js'
import { LIST } from '../bencode/offsets.js'
import type { BtkitError } from '../../base/errors.js'
import type { ListedFiles, MetainfoFile } from '../metainfo.js'
import { isSamePath } from '../name.js'
import { quotedPath } from '../streamed-files.js'
import { MAX_PIECE_POW2 } from '../piece-length.js'
import type { WarningList } from '../warning.js'
import { count } from '../../base/text/quantity.js'
import { describeFile } from './file-entry.js'
import { EncodedFileList, listOf } from './file-list.js'
import { metainfoError } from './require-field.js'

/**
 * Checks `info.length` or `info.files` (BEP 3, with the attributes of BEP 47). Of both, the files
 * count, as in libtorrent and Transmission.
 *
 * @throws BtkitError `metainfo` if neither exists, or if a file is malformed
 */
export function readV1Files(
  info: EncodedDict,
  name: string,
  warnings: WarningList,
): { readonly isDirectory: boolean; readonly fileList: ListedFiles } {
  const hasLength = info.has('length')
  const span = info.spans.get('files')
  if (hasLength && span === undefined) {
    const file = describeFile(info, [name], () => 'info.length')
    return { isDirectory: false, fileList: listOf([file]) }
  }
  if (span === undefined) throw metainfoError('info', 'has neither length nor files')
  if (hasLength) warnings.add('ignored-value', () => 'info.length: stands beside info.files')
  if (info.bytes[span.start] !== LIST) throw metainfoError('info.files', 'is not a list')
  const fileList = new EncodedFileList(info.bytes, span, warnings)
  if (fileList.count === 0) throw metainfoError('info.files', 'is empty')
  return { isDirectory: true, fileList }
}

/** Returns the number of pieces for `length` bytes; the last may be short. Exact up to 2^53 - 1. */
export function countPieces(length: number, pieceLength: number): number {
  const rest = length % pieceLength
  return (length - rest) / pieceLength + (rest > 0 ? 1 : 0)
}

/**
 * Returns the total bytes of all files.
 * @throws BtkitError `metainfo` above 2^53 - 1, or if there is more padding than can be hashed
 */
export function totalLength({ size, padSize, padCount }: ListedFiles): number {
  if (!Number.isSafeInteger(size)) throw metainfoError('info', 'the files are too large together')
  if (padSize > padCount * 2 ** MAX_PIECE_POW2)
    throw metainfoError('info', 'a pad file is longer than the longest piece, 1 GiB')
  return size
}

/**
 * Checks that both file lists of a hybrid torrent have the same files in the same order, except pad
 * files (BEP 52). Otherwise v1 and v2 clients would download different files.
 */
export function checkHybridFiles(
  v1Files: Iterable<MetainfoFile>,
  treeFiles: readonly MetainfoFile[],
): void {
  let found = 0
  for (const v1File of v1Files) {
    if (v1File.padding) continue
    const treeFile = treeFiles[found]
    found += 1
    if (treeFile === undefined) throw disagreement(`${quotedPath(v1File)} is not in the file tree`)
    if (!isSamePath(v1File.path, treeFile.path)) {
      throw disagreement(
        `${quotedPath(v1File)} stands where the file tree has ${quotedPath(treeFile)}`,
      )
    }
    if (v1File.length !== treeFile.length) {
      throw disagreement(
        `${quotedPath(v1File)} is ${count(v1File.length, 'byte')} long, ${treeFile.length} in the file tree`,
      )
    }
  }
  const extra = treeFiles[found]
  if (extra !== undefined) throw disagreement(`${quotedPath(extra)} is only in the file tree`)
}

function disagreement(rule: string): BtkitError {
  return metainfoError('info', `v1 and v2 disagree: ${rule}`)
}
