import { isUtf8 } from 'node:buffer'
import { basename } from 'node:path/posix'
import type { XmlElement } from '@rgrove/parse-xml'
import { splitNames } from '../../base/bytes.js'
import { decodePercent } from '../../base/percent.js'
import { BtkitError } from '../../base/errors.js'
import { readXml } from '../../base/text/read-xml.js'
import { quoteText } from '../../base/text/escape.js'
import { isComponent } from '../../metainfo/name.js'
import { CHECKSUMS, CHECKSUM_NAMES, type ChecksumName } from '../checksums/list.js'
import type { ListedChecksum, StreamedFile } from '../make/streamed-file.js'
import { releaseEntries } from './release-list.js'

/** Most bytes of a list. */
export const MAX_LIST = 64 * 1024 * 1024

/** Most bytes of a Metalink or a release: the elements take seventy times as many in memory. */
const MAX_TREE = 8 * 1024 * 1024

/** Most files of a list: the server is asked for each. */
const MOST_FILES = 100_000

/** Most lines before a text that is signed in the clear. */
const MOST_HEADERS = 100

/** Longest line of a list, and path, in UTF-16 units. */
const LONGEST = 64 * 1024

/** A file that a list names, below the directory of the list. */
export type RemoteEntry = Pick<StreamedFile, 'path'> & {
  readonly checksum?: ListedChecksum[]
  /** Its own address, which a release says of it. */
  readonly url?: string
  /** A text that is another one after each upload. */
  readonly version?: string
}

/**
 * Reads a list of files: checksums as `sha256sum -c` reads them, also signed in the clear, or those
 * of `gpg --print-md`. It may also be a Metalink (RFC 5854), a release of GitHub or Gitea, or one
 * path a line or before each NUL. Of SFV only the paths count. `name` is that of the list in
 * errors. The list itself and its signature may be listed, too, and are not checked.
 * @throws BtkitError `metainfo` for a list that is none, `bad-name` for a path that leaves its
 *   directory, `empty` if it names no file, `too-many`, `too-large`
 */
export function parseRemoteList(bytes: Uint8Array, name: string): RemoteEntry[] {
  if (!isUtf8(bytes)) throw new BtkitError('bad-name', `${name}: is not UTF-8`)
  const start = Buffer.from(bytes.subarray(0, 1024))
    .toString()
    .replace(/^\ufeff/, '')
  if (PAGE.test(start)) throw new BtkitError('metainfo', `${name}: is a web page, and no list`)
  const isMetalink = /^\s*<(?:\?xml|(?:[\w.-]+:)?metalink)\b/.test(start)
  if (isMetalink && bytes.length > MAX_TREE)
    throw new BtkitError('too-large', `${name}: a Metalink of more than 8 MiB`)
  const all = isMetalink
    ? metalinkEntries(Buffer.from(bytes).toString(), name)
    : (releaseIn(bytes, name) ?? ofLines(bytes, name))
  const entries = byPath(withoutBuildPaths(all), name)
  if (entries.length === 0) throw new BtkitError('empty', `${name}: names no file`)
  const isOdd = (path: string) => path.length > LONGEST || !path.split('/').every(isComponent)
  const odd = entries.find(({ path }) => isOdd(path))?.path
  if (odd === undefined) return entries
  throw new BtkitError('bad-name', `${name}: ${quoteText(odd)} is no path below its directory`)
}

/** The files of a release; null for another list. */
function releaseIn(bytes: Uint8Array, name: string): RemoteEntry[] | null {
  return bytes.length > MAX_TREE ? null : releaseEntries(Buffer.from(bytes).toString(), name)
}

const PAGE = /^\s*(?:<!--[^]*?-->\s*)?<(?:!doctype\s+html|html)\b/i

/** Each path once, with all of its checksums. */
function byPath(entries: readonly RemoteEntry[], list: string): RemoteEntry[] {
  if (entries.length > MOST_FILES)
    throw new BtkitError('too-many', `${list}: names more than ${MOST_FILES} files`)
  const own = lastNameOf(list)
  const found = new Map<string, RemoteEntry & { readonly checksum: ListedChecksum[] }>()
  for (const entry of entries) {
    const { path, checksum = [] } = entry
    const all = found.get(path) ?? { ...entry, checksum: [] }
    found.set(path, all)
    if (path.replace(/\.(?:asc|gpg|sig|minisig)$/, '') !== own) all.checksum.push(...checksum)
  }
  return [...found.values()]
}

/** Absolute paths are those of the machine that made the list: of distinct names, these count. */
function withoutBuildPaths(entries: readonly RemoteEntry[]): readonly RemoteEntry[] {
  if (!entries.every(({ path, checksum }) => checksum && path.startsWith('/'))) return entries
  const named = entries.map((entry) => ({ ...entry, path: basename(entry.path) }))
  const [paths, names] = [entries, named].map((all) => new Set(all.map(({ path }) => path)).size)
  return paths === names ? named : entries
}

/** The last name of a path or URL. */
function lastNameOf(list: string): string {
  return decodePercent(list.replace(/\?.*$/, '').replace(/^.*\//, ''), '')
}

interface Line {
  readonly text: string
  readonly number: number
}

/**
 * The lines that are not blank, with their numbers, up to the first one too many; of a text that is
 * signed in the clear those that are signed.
 */
function linesOf(bytes: Uint8Array, name: string): Line[] {
  const lines: Line[] = []
  const isText = !bytes.includes(0)
  let [number, isSigned, isHeader] = [0, false, false]
  for (const part of splitNames(Buffer.from(bytes))) {
    number++
    if (part.length > LONGEST)
      throw new BtkitError('bad-name', `${name}: has a line of more than ${LONGEST} characters`)
    const text = part.toString().replace(isText ? /^\ufeff|\r$/g : '', '')
    if (isHeader) isHeader = text !== '' && number < MOST_HEADERS
    else if (number === 1 && text === '-----BEGIN PGP SIGNED MESSAGE-----')
      isHeader = isSigned = true
    else if (isSigned && text === '-----BEGIN PGP SIGNATURE-----') break
    else if (text.trim() !== '' && lines.push({ text, number }) > MOST_FILES) break
  }
  return lines
}

/** A line that may be part of a list of checksums: it has a digest, or its form. */
const LIKE_CHECKSUM = /(?:^\\?|[\s=])[0-9a-f]{32,128}(?:\s|$)|^\w[\w-]* ?\(.+\)\s*=/i

/** Part of a digest of `gpg --print-md`, on a line of its own. */
const GROUPS = /^\s*(?:\w+ = *)?(?:[0-9A-F]{2,8}(?:\s+|$))+$/

/** A file of `gpg --print-md`, and of `--print-mds` with the algorithm. */
const PRINTED = /^(.+?): *(?:(\w+) = *)?((?:[0-9A-F]{2,8}(?: +|$))+)$/

/** The most lines of one digest. */
const MOST_GROUPED = 4

/** Writes the files of `gpg --print-md` as other programs do, which write a digest in one word. */
function joinGroups(lines: readonly Line[]): Line[] {
  const whole: Line[] = []
  for (const line of lines) {
    const last = whole.at(-1)
    const isMore = last && line.number < last.number + MOST_GROUPED && /:[\w\s=]*$/.test(last.text)
    if (isMore && GROUPS.test(line.text))
      whole.splice(-1, 1, { ...last, text: `${last.text} ${line.text.trim()}` })
    else whole.push(line)
  }
  return whole.flatMap((line) => {
    const [, path = '', tag, groups = ''] = PRINTED.exec(line.text) ?? []
    const hex = groups.replaceAll(' ', '')
    if (checksumsOf(hex).length === 0) return line
    if (tag === undefined) return { ...line, text: `${hex}  ${path}` }
    return checksumOf(tag, hex) ? { ...line, text: `${tag} (${path}) = ${hex}` } : []
  })
}

/** A line of SFV: a path, and the CRC-32, which says too little to be checked. */
const SFV_LINE = /^(.*\S)\s+[0-9a-f]{8}$/i

/** The paths of a list in SFV; null for another text. */
function sfvEntries(lines: readonly Line[], name: string): RemoteEntry[] | null {
  const stated = lines.filter(({ text }) => !text.startsWith(';'))
  if (stated.length === lines.length && !/\.sfv$/i.test(lastNameOf(name))) return null
  const paths = stated.flatMap(({ text }) => SFV_LINE.exec(text)?.[1] ?? [])
  if (paths.length < stated.length) return null
  return paths.map((path) => ({ path: plainPath(path.replaceAll('\\', '/')) }))
}

/** The first lines of what other programs write, which names files, but not one a line. */
const NO_LISTS: readonly (readonly [what: string, form: RegExp])[] = [
  ['JSON', /^\s*(?:\{\s*(?:["}]|$)|\[\s*(?:["{]|$))/m],
  ['a list of hashdeep', /^%{4} HASHDEEP/],
  ['a list of cksum', /^\d{5,10} \d+ \S.*\n\d{5,10} \d+ \S/],
  ['YAML', /^(?:---|[\w-]+: ?\S*)\n(?:[\w-]+:|\s*- )/],
]

function refuseOtherForms(lines: readonly Line[], name: string): void {
  const start = lines.slice(0, 2).map(({ text }) => text)
  const [what] = NO_LISTS.find(([, form]) => form.test(start.join('\n'))) ?? []
  const advice = 'give checksums as sha256sum writes them, or a path a line'
  if (what) throw new BtkitError('metainfo', `${name}: is ${what}, and no list; ${advice}`)
}

function ofLines(bytes: Uint8Array, name: string): RemoteEntry[] {
  const listed = linesOf(bytes, name)
  if (bytes.includes(0)) return listed.map(({ text }) => ({ path: plainPath(text) }))
  const lines = joinGroups(listed)
  const ofSfv = sfvEntries(lines, name)
  if (ofSfv) return ofSfv
  refuseOtherForms(lines, name)
  if (!lines.some(({ text }) => LIKE_CHECKSUM.test(text)))
    return lines.map(({ text }) => ({ path: plainPath(text) }))
  const stated = lines.filter(({ text }) => !text.startsWith('#'))
  return stated.map(({ text, number }) => {
    const entry = gnuEntry(text) ?? taggedEntry(text)
    const digest = entry || stated.length > 1 ? [] : checksumsOf(text.trim())
    const path = lastNameOf(name).replace(/\.(?:sha\d+|md5|b2)(?:sums?)?(?:\.txt)?$/i, '')
    if (digest.length > 0 && path !== lastNameOf(name)) return { path, checksum: digest }
    if (entry) return entry
    const why = `line ${number} is no checksum with a path: ${quoteText(text)}`
    throw new BtkitError('metainfo', `${name}: ${why}`)
  })
}

/** Whether a line has a checksum and a path. */
export function isChecksumLine(line: string): boolean {
  return (gnuEntry(line) ?? taggedEntry(line)) !== null
}

const ESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' }

/** A line of sha256sum(1): the digest, a blank, mostly a blank or an asterisk, and the path. */
function gnuEntry(line: string): RemoteEntry | null {
  const [, mark, hex = '', path = ''] =
    /^\s*(\\?)([0-9a-f]{32,128})[ \t][ *]?(.+)$/i.exec(line) ?? []
  const checksum = checksumsOf(hex)
  const whole = mark === '' ? path : path.replaceAll(/\\[\\nr]/g, (code) => ESCAPED[code] ?? code)
  return checksum.length > 0 ? { path: plainPath(whole), checksum } : null
}

/** The checksum of so many digits; several algorithms may have made it. */
function checksumsOf(hex: string): ListedChecksum[] {
  const name = CHECKSUM_NAMES.filter((each) => 2 * CHECKSUMS[each].length === hex.length)
  return name.length > 0 && HEX.test(hex) ? [{ name, digest: Buffer.from(hex, 'hex') }] : []
}

const HEX = /^[0-9a-f]+$/i

/** A line of `sha256sum --tag`, of the BSDs, and of openssl. */
function taggedEntry(line: string): RemoteEntry | null {
  const [, tag = '', path = '', hex = ''] =
    /^\s*([\w-]+) ?\((.+)\)\s*=\s*([0-9a-f]+)$/i.exec(line) ?? []
  const checksum = checksumOf(tag, hex)
  return checksum ? { path: plainPath(path), checksum: [checksum] } : null
}

function checksumOf(spelled: string, hex: string): ListedChecksum | null {
  const plain = spelled.toLowerCase().replaceAll(/[^a-z\d]|2-(?=\d{3}$)/g, '')
  const name = CHECKSUM_NAMES.find((each) => each === plain)
  if (name === undefined || 2 * CHECKSUMS[name].length !== hex.length) return null
  return { name, digest: Buffer.from(hex, 'hex') }
}

function plainPath(path: string): string {
  let start = 0
  while (path.startsWith('./', start)) for (start += 2; path[start] === '/';) start++
  return path.slice(start)
}

/** The hashes of a Metalink that are checked, the best first. */
const BEST: readonly ChecksumName[] = ['sha512', 'sha256', 'sha1', 'md5']

const METALINK = 'urn:ietf:params:xml:ns:metalink'
const METALINK_3 = 'http://www.metalinker.org/'

function metalinkEntries(text: string, name: string): RemoteEntry[] {
  const root = readXml(text)
  if (!root) throw new BtkitError('metainfo', `${name}: is no valid XML`)
  // A name space may have any prefix
  const [, prefix = '', local = ''] = /^(?:(.*:))?(.*)$/.exec(root.name) ?? []
  const space =
    root.attributes[prefix === '' ? 'xmlns' : `xmlns:${prefix.slice(0, -1)}`] ?? METALINK
  if (local === 'html') throw new BtkitError('metainfo', `${name}: is a web page, and no list`)
  if (local === 'metalink' && space === METALINK_3)
    throw new BtkitError('metainfo', `${name}: is a Metalink of version 3; give one of version 4`)
  if (local !== 'metalink' || space !== METALINK)
    throw new BtkitError('metainfo', `${name}: is no Metalink`)
  return elements(root, `${prefix}file`).map((file) => {
    const hashes = elements(file, `${prefix}hash`).flatMap((hash) => {
      return checksumOf(hash.attributes['type'] ?? '', hash.text.trim()) ?? []
    })
    const checksum = BEST.flatMap((each) => hashes.find((hash) => hash.name === each) ?? [])
    return { path: plainPath(file.attributes['name'] ?? ''), checksum: checksum.slice(0, 1) }
  })
}

function elements({ children }: XmlElement, name: string): XmlElement[] {
  return children.filter((each): each is XmlElement => 'name' in each && each.name === name)
}
