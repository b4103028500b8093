import { isByteString, type BencodeDict, type BencodeValue } from '../bencode/value.js'
import {
  decodeUtf8,
  readComponents,
  metainfoError,
  requireDict,
  requireLength,
  requireList,
  requireString,
  type What,
} from './require-field.js'
import type { MetainfoFile } from '../metainfo.js'
import { padPath } from '../name.js'
import type { WarningList } from '../warning.js'
import type { BtkitError } from '../../errors.js'
import { quoteText } from '../../text/escape.js'

/** The files that the v1 key `length` or `files` describes. */
interface V1Files {
  readonly isDirectory: boolean
  readonly files: MetainfoFile[]
}

/**
 * Reads `info.length` or `info.files` (BEP 3, with the attributes of BEP 47).
 *
 * @throws BtkitError `metainfo` if both or neither exist, or if a file is malformed
 */
export function readV1Files(info: BencodeDict, name: string, warnings: WarningList): V1Files {
  const hasLength = info.has('length')
  if (hasLength && info.has('files')) throw metainfoError('info', 'has both length and files')
  if (hasLength) return { isDirectory: false, files: [readSingleFile(info, name)] }
  if (!info.has('files')) throw metainfoError('info', 'has neither length nor files')
  const entries = requireList(info.get('files'), () => 'info.files')
  if (entries.length === 0) throw metainfoError('info.files', 'is empty')
  return { isDirectory: true, files: entries.map((entry, at) => readFile(entry, at, warnings)) }
}

function readSingleFile(info: BencodeDict, name: string): MetainfoFile {
  return describeFile(info, [name], () => 'info.length')
}

function readFile(entry: BencodeValue, at: number, warnings: WarningList): MetainfoFile {
  const file = requireDict(entry, () => `info.files[${at}]`)
  if (isPadWithoutPath(file)) return readPad(file, at, warnings)
  const path = readPath(file, () => `info.files[${at}].path`, warnings)
  const described = describeFile(file, path, () => `info.files[${at}].length`)
  return path.some((name) => name.includes(BITCOMET_PAD))
    ? { ...described, padding: true }
    : described
}

/** BitComet's pad files have no attribute. libtorrent knows them by this part of their names. */
const BITCOMET_PAD = '_____padding_file_'

function isPadWithoutPath(file: BencodeDict): boolean {
  return !file.has('path') && readAttr(file.get('attr')).includes('p')
}

/**
 * Reads a pad file without a path. It gets the path that BEP 47 suggests, because it is never
 * written.
 */
function readPad(file: BencodeDict, at: number, warnings: WarningList): MetainfoFile {
  warnings.add('pad-without-path', () => `info.files[${at}]: a pad file without a path`)
  const pad = describeFile(file, [], () => `info.files[${at}].length`)
  return { ...pad, path: padPath(pad.length) }
}

/** Reads a file's dictionary of either version. */
export function describeFile(dict: BencodeDict, path: string[], what: What): MetainfoFile {
  const attr = readAttr(dict.get('attr'))
  // A symbolic link has no content, whatever its length says
  const length = attr.includes('l') ? 0 : requireLength(dict.get('length'), what)
  const file = { path, length, padding: attr.includes('p'), attr }
  const symlinkPath = attr.includes('l') ? readSymlinkPath(dict.get('symlink path')) : null
  return symlinkPath === null ? file : { ...file, symlinkPath }
}

function readSymlinkPath(value: BencodeValue | undefined): string[] | null {
  const components = Array.isArray(value) ? value.filter(isByteString) : []
  return components.length > 0 ? components.map(decodeUtf8) : null
}

function readAttr(value: BencodeValue | undefined): string {
  return isByteString(value) ? decodeUtf8(value) : ''
}

function readPath(file: BencodeDict, what: What, warnings: WarningList): string[] {
  const twin = file.get('path.utf-8')
  const twins = Array.isArray(twin) ? twin : []
  const components = requireList(file.get('path') ?? twin, what)
  if (components.length === 0) throw metainfoError(what(), 'is empty')
  const strings = components.map((each, at) => requireString(each, () => `${what()}[${at}]`))
  return readComponents(strings, { twins, what, warnings })
}

/** Returns the number of pieces for `length` bytes; the last may be short. Exact up to 2^53 - 1. */
export function countPieces(length: number, pieceLength: number): number {
  const rest = length % pieceLength
  return (length - rest) / pieceLength + (rest > 0 ? 1 : 0)
}

/**
 * Returns the total bytes of all files.
 * @throws BtkitError `metainfo` above 2^53 - 1
 */
export function totalLength(files: readonly MetainfoFile[]): number {
  let total = 0
  for (const { length } of files) {
    total += length
    if (!Number.isSafeInteger(total))
      throw metainfoError('info', 'the files are too large together')
  }
  return total
}

/**
 * Checks that both file lists of a hybrid torrent have the same files in the same order, except pad
 * files (BEP 52). Otherwise v1 and v2 clients would download different files.
 */
export function checkHybridFiles(
  v1Files: readonly MetainfoFile[],
  treeFiles: readonly MetainfoFile[],
): void {
  const contents = v1Files.filter((file) => !file.padding)
  for (const [at, v1File] of contents.entries()) {
    const treeFile = treeFiles[at]
    if (treeFile === undefined) throw disagreement(`${nameOf(v1File)} is not in the file tree`)
    if (!isSamePath(v1File.path, treeFile.path)) {
      throw disagreement(`${nameOf(v1File)} stands where the file tree has ${nameOf(treeFile)}`)
    }
    if (v1File.length !== treeFile.length) {
      throw disagreement(
        `${nameOf(v1File)} is ${v1File.length} bytes long, ${treeFile.length} in the file tree`,
      )
    }
  }
  const extra = treeFiles[contents.length]
  if (extra !== undefined) throw disagreement(`${nameOf(extra)} is only in the file tree`)
}

/**
 * Compares component by component, because a slash inside a component must not count as a
 * separator.
 */
function isSamePath(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((component, at) => component === b[at])
}

function disagreement(rule: string): BtkitError {
  return metainfoError('info', `v1 and v2 disagree: ${rule}`)
}

function nameOf({ path }: MetainfoFile): string {
  return quoteText(path.join('/'))
}
