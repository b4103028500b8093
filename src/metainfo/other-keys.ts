import { Buffer } from 'node:buffer'
import type { Metainfo } from './metainfo.js'
import { keysIn } from './fields.js'
import { decodeUtf8 } from './parse/require-field.js'
import { BtkitError } from '../base/errors.js'
import type { InfoHash } from './values.js'
import { readInfoHash } from './info-hash.js'

/** Keys outside `info` that the parser reads. */
const KNOWN: ReadonlySet<string> = new Set([...keysIn('top'), 'info', 'piece layers'])

/** Keys of `info` that follow from the content, or from its name. */
export const CONTENT_KEYS = [
  'file tree',
  'files',
  'length',
  'meta version',
  'name',
  'piece length',
  'pieces',
] as const

/** The same, and those that have an option. */
export const MADE_INFO_KEYS = [...CONTENT_KEYS, 'private', 'source'] as const

/** Keys in `info` that the parser reads. */
const KNOWN_IN_INFO: ReadonlySet<string> = new Set([
  ...MADE_INFO_KEYS,
  ...keysIn('info'),
  'attr',
  'name.utf-8',
  'symlink path',
])

/**
 * Returns the keys of a torrent that the parser does not read, first those in `info`: `info.x`,
 * `encoding`.
 */
export function otherKeys({ infoSpans, spans }: Pick<Metainfo, 'infoSpans' | 'spans'>): string[] {
  const inInfo = [...infoSpans.keys()].filter((key) => !KNOWN_IN_INFO.has(key))
  const beside = [...spans.keys()].filter((key) => !KNOWN.has(key))
  const keys = [...inInfo.map((key) => `info.${key}`), ...beside]
  // A key is the latin1 string of its bytes, which are usually UTF-8
  return keys.map((key) => decodeUtf8(Buffer.from(key, 'latin1')))
}

/**
 * Checks the info hash of a similar torrent (BEP 38): 20 bytes in hexadecimal. Returns it in lower
 * case.
 * @throws BtkitError `usage`
 */
export function parseInfoHash(text: string): InfoHash {
  const hash = readInfoHash(text)
  if (hash !== null) return hash
  throw new BtkitError('usage', `info hash '${text}': not 40 hexadecimal digits`)
}
