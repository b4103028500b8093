import { isUtf8 } from 'node:buffer'
import { parseXml, type XmlElement, XmlText } from '@rgrove/parse-xml'
import { BtkitError } from '../../base/errors.js'
import { quoteText } from '../../base/text/escape.js'
import { isComponent } from '../../metainfo/name.js'
import { CHECKSUMS, CHECKSUM_NAMES, type ChecksumName } from '../checksums/list.js'
import type { StreamedFile } from '../make/from-streams.js'

/** Most bytes of a list. */
export const MAX_LIST = 64 * 1024 * 1024

/** Most bytes of a Metalink: its elements take seventy times as many in memory. */
const MAX_METALINK = 8 * 1024 * 1024

/** Most files of a list: the server is asked for each. */
const MOST_FILES = 100_000

/** Longest line of a list, and path, in UTF-16 units. */
const LONGEST = 64 * 1024

/** A file that a list names, below the directory of the list. */
export type RemoteEntry = Pick<StreamedFile, 'path' | 'checksum'>

/**
 * Reads a list of files: checksums as sha256sum(1) or `sha256sum --tag` writes them, also signed in the
 * clear, a Metalink (RFC 5854), or one path a line. `name` is that of the list in errors.
 * @throws BtkitError `metainfo` for a list that is none, `bad-name` for a path that leaves its directory,
 *   `empty` if it names no file, `too-many`, `too-large`
 */
export function parseRemoteList(bytes: Uint8Array, name: string): RemoteEntry[] {
  if (!isUtf8(bytes)) throw new BtkitError('bad-name', `${name}: is not UTF-8`)
  const text = Buffer.from(bytes).toString('utf8')
  const isMetalink = /^\s*<\?xml|^\s*<metalink/.test(text)
  if (isMetalink && bytes.length > MAX_METALINK)
    throw new BtkitError('too-large', `${name}: a Metalink of more than 8 MiB`)
  const entries = isMetalink ? metalinkEntries(text, name) : lineEntries(text, name)
  if (entries.length === 0) throw new BtkitError('empty', `${name}: names no file`)
  if (entries.length > MOST_FILES)
    throw new BtkitError('too-many', `${name}: names more than ${MOST_FILES} files`)
  const isOdd = (path: string) => path.length > LONGEST || !path.split('/').every(isComponent)
  const odd = entries.find(({ path }) => isOdd(path))?.path
  if (odd === undefined) return entries
  throw new BtkitError('bad-name', `${name}: ${quoteText(odd)} is no path below its directory`)
}

/** The lines of a text that are neither blank nor comments, up to the first one too many. */
function linesOf(text: string, name: string): string[] {
  const lines: string[] = []
  for (const [line] of text.matchAll(/[^\n]+/g)) {
    if (line.length > LONGEST)
      throw new BtkitError('bad-name', `${name}: has a line of more than ${LONGEST} characters`)
    const isCounted = line.trim() !== '' && !line.startsWith('#')
    if (isCounted && lines.push(line.replace(/\r$/, '')) > MOST_FILES) break
  }
  return lines
}

function lineEntries(text: string, name: string): RemoteEntry[] {
  const isSigned = /^-----BEGIN PGP SIGNED MESSAGE-----\r?\n/.test(text)
  const blank = isSigned ? /\n\r?\n/.exec(text) : null
  const signature = blank ? text.indexOf('\n-----BEGIN PGP SIGNATURE-----') : -1
  const signed = text.slice(blank?.index ?? 0, signature < 0 ? undefined : signature)
  const lines = linesOf(signed, name)
  const isBlake = /B2|blake2/i.test(name.replace(/^.*\//, ''))
  const sums = lines.map((line) => gnuEntry(line, isBlake) ?? taggedEntry(line))
  const odd = sums.indexOf(null)
  if (odd < 0) return sums.flatMap((entry) => entry ?? [])
  if (sums.some((entry) => entry !== null))
    throw new BtkitError('metainfo', `${name}: line ${quoteText(lines[odd] ?? '')} has no checksum`)
  return lines.map((line) => ({ path: plainPath(line) }))
}

const ESCAPED: Readonly<Record<string, string>> = { '\\\\': '\\', '\\n': '\n', '\\r': '\r' }

/** A line of sha256sum(1): the digest, a blank, a blank or an asterisk, and the path. */
function gnuEntry(line: string, isBlake: boolean): RemoteEntry | null {
  const [, mark, hex = '', path = ''] = /^(\\?)([0-9a-f]{32,128}) [ *](.+)$/i.exec(line) ?? []
  const name = CHECKSUM_NAMES.find((each) => {
    return 2 * CHECKSUMS[each].length === hex.length && isBlake === (each === 'blake2b')
  })
  if (name === undefined) return null
  const whole = mark === '' ? path : path.replaceAll(/\\[\\nr]/g, (code) => ESCAPED[code] ?? code)
  return { path: plainPath(whole), checksum: { name, digest: Buffer.from(hex, 'hex') } }
}

/** A line of `sha256sum --tag`, and of the BSDs. */
function taggedEntry(line: string): RemoteEntry | null {
  const [, tag = '', path = '', hex = ''] = /^(\w+) \((.+)\) = ([0-9a-f]+)$/i.exec(line) ?? []
  const checksum = checksumOf(tag, hex)
  return checksum ? { path: plainPath(path), checksum } : null
}

function checksumOf(spelled: string, hex: string): RemoteEntry['checksum'] | null {
  const plain = spelled.toLowerCase().replaceAll(/[^a-z\d]/g, '')
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

function metalinkEntries(text: string, name: string): RemoteEntry[] {
  let root: XmlElement | null
  try {
    root = parseXml(text, { ignoreUndefinedEntities: true }).root
  } catch (error) {
    throw new BtkitError('metainfo', `${name}: is no valid XML`, { cause: error })
  }
  if (root?.name !== 'metalink') throw new BtkitError('metainfo', `${name}: is no Metalink`)
  return elements(root, 'file').map((file) => {
    const hashes = elements(file, 'hash').flatMap((hash) => {
      return checksumOf(hash.attributes['type'] ?? '', textOf(hash)) ?? []
    })
    const checksum = BEST.flatMap((each) => hashes.find((hash) => hash.name === each) ?? [])[0]
    return { path: plainPath(file.attributes['name'] ?? ''), ...(checksum && { checksum }) }
  })
}

/** Its own text: `text` of the package calls itself for each level, and strangers choose the levels. */
function textOf({ children }: XmlElement): string {
  return children
    .map((each) => (each instanceof XmlText ? each.text : ''))
    .join('')
    .trim()
}

function elements({ children }: XmlElement, name: string): XmlElement[] {
  return children.filter((each): each is XmlElement => 'name' in each && each.name === name)
}
