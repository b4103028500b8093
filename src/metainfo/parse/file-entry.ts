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
  const isPadWithoutPath = !file.has('path') && readAttr(file.get('attr')).includes('p')
  if (isPadWithoutPath) {
    warnings.add('pad-without-path', () => `info.files[${at}]: a pad file without a path`)
    const pad = describeFile(file, [], () => `info.files[${at}].length`)
    // The path that BEP 47 suggests, because it is never written
    return { ...pad, path: padPath(pad.length) }
  }
  const path = readPath(file, () => `info.files[${at}].path`, warnings)
  const described = describeFile(file, path, () => `info.files[${at}].length`)
  return path.some((name) => name.includes(BITCOMET_PAD))
    ? { ...described, padding: true }
    : described
}

/** BitComet's pad files have no attribute. libtorrent knows them by this part of their names. */
const BITCOMET_PAD = '_____padding_file_'

/** Reads a file's dictionary of either version. */
export function describeFile(dict: DictValues, path: string[], what: What): MetainfoFile {
  const attr = readAttr(dict.get('attr'))
  // A symbolic link has no content, whatever its length says
  const length = attr.includes('l') ? 0 : requireLength(dict.get('length'), what)
  const file = { path, length, padding: attr.includes('p'), attr }
  const target = attr.includes('l') ? dict.get('symlink path') : undefined
  const components = Array.isArray(target) ? target.filter(isByteString) : []
  return components.length === 0 ? file : { ...file, symlinkPath: components.map(decodeUtf8) }
}

function readAttr(value: BencodeValue | undefined): string {
  return isByteString(value) ? decodeUtf8(value) : ''
}

/**
 * Components that clients leave out; old makers in PHP wrote empty ones. Tried with Transmission
 * 3.00 and libtorrent 2.0.8.
 */
const LEFT_OUT: Readonly<Record<string, string>> = {
  '': 'an empty component (Transmission ignores it, libtorrent reads "_")',
  '.': 'a "." component, which clients ignore',
}

/** The text of a component that is left out; null for another one. */
function leftOut(component: BencodeValue): string | null {
  const text = isByteString(component) && component.length < 2 ? decodeUtf8(component) : null
  return text !== null && text in LEFT_OUT ? text : null
}

function readPath(file: BencodeDict, what: What, warnings: WarningList): string[] {
  const twin = file.get('path.utf-8')
  const listed = Array.isArray(twin) || twin === undefined ? twin : null
  const twins = listed && listed.filter((each) => leftOut(each) !== '.')
  const components = requireList(file.get('path') ?? twin, what)
  if (components.length === 0) throw metainfoError(what(), 'is empty')
  const strings = components.map((each, at) => requireString(each, () => `${what()}[${at}]`))
  const named = strings.filter((each) => leftOut(each) === null)
  if (named.length === 0) return readComponents(strings, what, warnings, twins)
  const [ignored] = strings.flatMap((each) => leftOut(each) ?? [])
  if (ignored !== undefined)
    warnings.add('ignored-value', () => `${what()}: has ${LEFT_OUT[ignored]}`)
  return readComponents(named, what, warnings, twins)
}
