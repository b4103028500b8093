import { Buffer } from 'node:buffer'
import { latin1 } from '../../../base/bytes.js'
import { isBlank, isByteString } from '../../../metainfo/bencode/value.js'
import { topLevelValue } from '../../../metainfo/edit/splice-torrent.js'
import {
  countLayers,
  type LayerHealth,
  contentSize,
  type Metainfo,
  type MetainfoFile,
} from '../../../metainfo/metainfo.js'
import {
  FIELD_NAMES,
  type FieldName,
  fieldItems,
  FIELDS,
  pickFields,
  showField,
} from '../../../metainfo/fields.js'
import { otherKeys } from '../../../metainfo/other-keys.js'
import { count, formatBytes, formatNumber } from '../../../base/text/quantity.js'
import { magnetLink } from '../../../metainfo/magnet.js'
import { alignTree } from '../../../metainfo/build/info.js'
import { failureKeys, torrentValue } from '../../output/torrent-json.js'
import { hideSecrets } from '../../../base/text/secrets.js'
import type { SeedCheck } from '../../../core/verify/check-seeds.js'

const LABEL_WIDTH = 14

/** A torrent like in BitTornado's btshowmetainfo, with lines for values unknown to it. */
export function showOldText(metainfo: Metainfo, file: string): string[] {
  const { isDirectory, files } = metainfo
  const listed = files.map((each) => fileOf(each))
  const list = isDirectory ? [line('files', ''), ...listed] : []
  return [...namesOf(metainfo, file), ...list, totalOf(metainfo), ...valuesOf(metainfo)]
}

/** The most files that are listed at a terminal. */
export const MOST_FILES = 50

/** A torrent for people: all other values first, then at most `most` files. */
export function showText(metainfo: Metainfo, file: string, most: number): string[] {
  const parts = [...namesOf(metainfo, file), totalOf(metainfo), ...valuesOf(metainfo)]
  return [...parts, ...furtherLines(metainfo), ...filesText(metainfo, most)]
}

/** Lists the files without pad files, each with its pieces root if it has one (BEP 52). */
function filesText(metainfo: Metainfo, most: number): string[] {
  const { isDirectory, fileList, tree } = metainfo
  if (!isDirectory) return optional('pieces root', hexOf(tree?.[0]?.piecesRoot))
  const total = fileList.count - fileList.padCount
  const shown = Math.min(total, most)
  const listed: string[] = []
  for (const file of fileList) {
    if (listed.length === shown) break
    // The tree has the same files in the same order, without pad files
    if (!file.padding) listed.push(fileOf(file, hexOf(tree?.[listed.length]?.piecesRoot)))
  }
  const more = total > shown ? [`   … and ${formatNumber(total - shown)} more (--all)`] : []
  return [line('files', String(total)), ...listed, ...more]
}

function fileOf({ path, length }: MetainfoFile, root?: string | null): string {
  return `   ${path.join('/')} (${length})${root ? ` ${root}` : ''}`
}

function namesOf({ infoHash, infoHashV2, isDirectory, name }: Metainfo, file: string): string[] {
  return [
    line('metainfo file', file),
    ...optional('info hash', infoHash),
    ...optional('info hash v2', infoHashV2),
    line(isDirectory ? 'directory name' : 'file name', name),
  ]
}

function totalOf({ isDirectory, size, pieceLength }: Metainfo): string {
  const whole = Math.floor(size / pieceLength)
  const total = `${size} (${whole} * ${pieceLength} + ${size % pieceLength})`
  return line(isDirectory ? 'archive size' : 'file size', total)
}

/** BitTornado's values in its order. Scripts read these lines. */
const OLD_FIELDS: readonly FieldName[] = [
  'announce',
  'announceList',
  'httpSeeds',
  'comment',
  'webSeeds',
  'nodes',
  'createdBy',
  'creationDate',
  'private',
  'source',
]

function valuesOf(metainfo: Metainfo): string[] {
  return OLD_FIELDS.flatMap((name) => fieldLine(name, metainfo))
}

function fieldLine(name: FieldName, metainfo: Metainfo): string[] {
  const blank = name === 'announce' ? blankAnnounce(metainfo) : null
  return optional(FIELDS[name].label, showField(name, metainfo) ?? blank)
}

/** An announce that is blank, which counts as none but has its line; null for any other. */
function blankAnnounce(metainfo: Metainfo): string | null {
  const value = topLevelValue(metainfo, 'announce')
  return isByteString(value) && isBlank(value) ? latin1(value) : null
}

/**
 * The size in readable units, without pad files. It has its own line because scripts rely on the
 * form of the other lines.
 */
function sizeLine(metainfo: Metainfo): string {
  const { pieceCount, pieceLength } = metainfo
  const pieces = `${count(pieceCount, 'piece')} of ${formatBytes(pieceLength)}`
  return line('size', `${formatBytes(contentSize(metainfo))} in ${pieces}`)
}

/** Lines that btkit adds and BitTornado's program did not have. */
function furtherLines(metainfo: Metainfo): string[] {
  const further = FIELD_NAMES.filter((name) => !OLD_FIELDS.includes(name))
  return [
    sizeLine(metainfo),
    ...further.flatMap((name) => fieldLine(name, metainfo)),
    ...otherKeysLine(otherKeys(metainfo)),
    ...versionLines(metainfo),
  ]
}

/** The most keys that are listed, and the longest part of a name, in UTF-16 units. */
const MOST_KEYS = 20
const LONGEST_KEY = 60

/** Lists the keys that no other line shows: `info.x, zz`. */
function otherKeysLine(keys: readonly string[]): string[] {
  if (keys.length === 0) return []
  const shown = keys.slice(0, MOST_KEYS).map((key) => {
    return key.length > LONGEST_KEY ? `${key.slice(0, LONGEST_KEY)}…` : key
  })
  const more = keys.length - shown.length
  return [line('other keys', [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', '))]
}

/** The versions of a torrent with version 2 (BEP 52), and the health of its piece layers. */
function versionLines({ version, tree }: Metainfo): string[] {
  if (tree === null) return []
  const versions = line('version', version === 'hybrid' ? '1 and 2 (hybrid)' : '2')
  return [versions, line('piece layers', formatHealth(countLayers(tree)))]
}

/** `2 of 3 right, 1 missing`, or `none needed` if no file is longer than a piece. */
function formatHealth({ ok, missing, wrong }: LayerHealth): string {
  const needed = ok + missing + wrong
  if (needed === 0) return 'none needed'
  const faults = [
    ...(missing > 0 ? [`, ${missing} missing`] : []),
    ...(wrong > 0 ? [`, ${wrong} wrong`] : []),
  ]
  return `${ok} of ${needed} right${faults.join('')}`
}

function line(label: string, value: string): string {
  return `${label.padEnd(LABEL_WIDTH, '.')}: ${value}`
}

function optional(label: string, value: string | null | undefined): string[] {
  return typeof value === 'string' ? [line(label, value)] : []
}

/** The deepest level that is indented. Deeper paths are printed on one line. */
const MAX_DEPTH = 32

/**
 * The files of a torrent as an indented tree with sizes and attributes (BEP 47), without pad files.
 */
export function showTree(metainfo: Metainfo): string[] {
  const { name, isDirectory, files } = metainfo
  if (!isDirectory) return files.map((file) => fileLine(name, file))
  const head = `${name}/ (${formatBytes(contentSize(metainfo))})`
  let above: readonly string[] = []
  const lines = files
    .filter((file) => !file.padding)
    .flatMap((file) => {
      const lines = branch(file, above)
      above = directoriesOf(file)
      return lines
    })
  return [head, ...lines]
}

/** The lines of a file: directories not yet printed for the previous file, then the file. */
function branch(file: MetainfoFile, above: readonly string[]): string[] {
  const directories = directoriesOf(file)
  const differs = directories.findIndex((component, i) => component !== above[i])
  const known = differs < 0 ? directories.length : differs
  const headings = directories.slice(known).map((component, i) => {
    return `${indent(known + i)}${component}/`
  })
  const name = file.path.slice(directories.length).join('/')
  return [...headings, indent(directories.length) + fileLine(name, file)]
}

function fileLine(name: string, { length, attr, symlinkPath }: MetainfoFile): string {
  const attributes = Object.entries(ATTRIBUTES).map(([letter, attribute]) => {
    return attr.includes(letter) ? `, ${attribute}` : ''
  })
  const target = symlinkPath ? ` -> ${symlinkPath.join('/')}` : ''
  return `${name}${target} (${formatBytes(length)}${attributes.join('')})`
}

const ATTRIBUTES: Record<string, string> = {
  x: 'executable',
  h: 'hidden',
  l: 'symbolic link',
}

function directoriesOf({ path }: MetainfoFile): string[] {
  return path.slice(0, Math.min(path.length - 1, MAX_DEPTH))
}

function indent(depth: number): string {
  return '  '.repeat(depth + 1)
}

type Read = (metainfo: Metainfo) => readonly (string | number | null)[] | null

/** The values that can be printed by name, in their order. Names are those of `--json`. */
const READERS: Readonly<Record<string, Read>> = {
  infoHash: ({ infoHash }) => [infoHash],
  infoHashV2: ({ infoHashV2 }) => [infoHashV2],
  version: ({ version }) => [version],
  name: ({ name }) => [name],
  size: (metainfo) => [contentSize(metainfo)],
  pieceLength: ({ pieceLength }) => [pieceLength],
  pieceCount: ({ pieceCount }) => [pieceCount],
  private: (metainfo) => fieldItems('private', metainfo),
  ...Object.fromEntries(
    FIELD_NAMES.map((name) => [name, (metainfo) => fieldItems(name, metainfo)]),
  ),
  otherKeys,
  files: ({ files }) => files.filter(({ padding }) => !padding).map(({ path }) => path.join('/')),
  // The line of an empty file, which has no root, is empty. Lines therefore correspond to files
  piecesRoots: ({ tree }) =>
    tree?.map(({ piecesRoot }) => Buffer.from(piecesRoot ?? '').toString('hex')) ?? null,
  pieceLayers: ({ tree }) => tree?.map(({ layerState }) => layerState) ?? null,
  magnet: (metainfo) => [magnetLink(metainfo)],
  warnings: ({ warnings }) => warnings.map(({ message }) => message),
} satisfies Record<string, Read>

/** All names of values, in the order in which they are listed. */
export const SHOWN_NAMES = Object.keys(READERS)

/** Finds a field by its name in any spelling: `info-hash`, `info_hash` or `infoHash`. */
export function findField(text: string): string | undefined {
  const wanted = text.replace(/[-_ ]/g, '').toLowerCase()
  return SHOWN_NAMES.find((name) => name.toLowerCase() === wanted)
}

/**
 * Prints the values of fields, one per line, in the requested order. With `isAligned`, a missing
 * value is an empty line, so that a script can tell the fields of several torrents apart.
 */
export function showFields(
  metainfo: Metainfo,
  names: readonly string[],
  isAligned: boolean,
): string[] {
  const values = names.flatMap((name) => {
    const present = [READERS[name]?.(metainfo) ?? []].flat().filter((value) => value !== null)
    return present.length === 0 && isAligned ? [''] : present
  })
  return values.map(String)
}

/** A torrent for programs, with null for missing values. */
export function showValue(metainfo: Metainfo, file: string) {
  const { private: isPrivate, ...fields } = pickFields(metainfo)
  return {
    torrent: file,
    file,
    infoHash: metainfo.infoHash,
    infoHashV2: metainfo.infoHashV2,
    name: metainfo.name,
    size: contentSize(metainfo),
    pieceLength: metainfo.pieceLength,
    pieceCount: metainfo.pieceCount,
    private: isPrivate,
    ...fields,
    otherKeys: otherKeys(metainfo),
    version: metainfo.version,
    pieceLayers: metainfo.tree && countLayers(metainfo.tree),
    files: filesOf(metainfo),
    magnet: magnetLink(metainfo),
    warnings: metainfo.warnings,
    ...failureKeys(null),
  }
}

function filesOf(metainfo: Metainfo) {
  const tree = alignTree(metainfo)
  return metainfo.files.map(({ path, length, padding, attr }, at) => {
    const piecesRoot = hexOf(tree[at]?.piecesRoot)
    const layer = tree[at]?.layerState ?? null
    return { path: path.join('/'), length, padding, attr, piecesRoot, layer }
  })
}

function hexOf(bytes: Uint8Array | null | undefined): string | null {
  return bytes ? Buffer.from(bytes).toString('hex') : null
}

/** Whether a seed was asked and did not send the right piece. */
export function hasFailed({ result }: SeedCheck): boolean {
  return result !== 'ok' && result !== 'not asked'
}

/** The results of checking a torrent's seeds for people, one line per seed. */
export function seedsText(checks: readonly SeedCheck[], file: string): string[] {
  const head = `${file}:`
  if (checks.length === 0) return [head, '  names no web seeds']
  const width = Math.max(...checks.map(({ result }) => result.length))
  const lines = checks.map((check) => {
    const { result, url, detail, piece, requested } = check
    const isOther = hasFailed(check) && requested !== null && requested !== url
    const more = [
      ...(detail ? [detail] : []),
      ...(piece === null ? [] : [`piece ${piece}`]),
      ...(isOther ? [`requested ${requested}`] : []),
    ]
    const rest = more.length > 0 ? ` (${more.join(', ')})` : ''
    return `  ${result.padEnd(width)}  ${hideSecrets(url + rest)}`
  })
  return [head, ...lines]
}

/** The results of checking seeds for programs. */
export function seedsValue(checks: readonly SeedCheck[], file: string, metainfo: Metainfo) {
  const seeds = checks.map(({ url, kind, result, detail, requested, piece }) => {
    return { url, kind, result, detail: detail === '' ? null : detail, requested, piece }
  })
  return torrentValue(file, metainfo, { file, seeds })
}
