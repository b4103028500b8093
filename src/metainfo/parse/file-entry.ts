import {
  isByteString,
  type BencodeDict,
  type BencodeValue,
  type DictValues,
} from '../bencode/value.js'
import {
  decodeUtf8,
  metainfoError,
  readComponents,
  requireDict,
  requireLength,
  requireList,
  requireString,
  type What,
} from './require-field.js'
import type { MetainfoFile } from '../metainfo.js'
import { padPath } from '../name.js'
import type { WarningList } from '../warning.js'

/** Reads an entry of the list of files. */
export function readFile(entry: BencodeValue, at: number, warnings: WarningList): MetainfoFile {
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
export function describeFile(dict: DictValues, path: string[], what: What): MetainfoFile {
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
  const twins = Array.isArray(twin) || twin === undefined ? twin : null
  const components = requireList(file.get('path') ?? twin, what)
  if (components.length === 0) throw metainfoError(what(), 'is empty')
  const strings = components.map((each, at) => requireString(each, () => `${what()}[${at}]`))
  return readComponents(strings, what, warnings, twins)
}
