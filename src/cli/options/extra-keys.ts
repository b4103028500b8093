import { BtkitError, usageError } from '../../base/errors.js'
import { bencodeFromJson } from '../../metainfo/bencode/from-json.js'
import { dictKey } from '../../metainfo/bencode/value.js'
import { FIELDS, type TorrentField } from '../../metainfo/fields.js'
import { parseInfoHash } from '../../metainfo/other-keys.js'
import { isByteString, type BencodeDict, type BencodeValue } from '../../metainfo/bencode/value.js'

/** The name of a key that no other option sets. */
export interface KeyName {
  /** As typed: `info.KEY` for a key in info. */
  readonly name: string
  readonly isInInfo: boolean
  /** The latin1 string of its bytes. */
  readonly key: string
}

export interface ExtraKey extends KeyName {
  readonly value: BencodeValue
}

/** Keys that btkit computes from the content, or sets with the option named. */
const COMPUTED: ReadonlyMap<string, string> = new Map([
  ['info', ''],
  ['piece layers', ''],
  ['info.attr', '--attributes'],
  ['info.file tree', ''],
  ['info.files', ''],
  ['info.length', ''],
  ['info.meta version', ''],
  ['info.name', '--name'],
  ['info.piece length', '--piece-length'],
  ['info.pieces', ''],
])

/** Keys that btkit sets itself, with the option to use instead of `--set`; '' if there is none. */
function ownKeys(optionOf: (field: TorrentField) => string | null): ReadonlyMap<string, string> {
  const own = Object.values(FIELDS).flatMap((field: TorrentField): [string, string][] => {
    const option = optionOf(field)
    const name = field.place === 'info' ? `info.${field.key}` : field.key
    return option === null ? [] : [[name, option]]
  })
  return new Map([...COMPUTED, ...own])
}

/** The same for edit, which sets lists of some keys as a whole. */
export function ownKeysOfEdit(): ReadonlyMap<string, string> {
  const own = ownKeys(({ option, optionOfEdit }) => {
    return optionOfEdit === undefined ? option : optionOfEdit
  })
  return new Map([...own, ['info.attr', ''], ['info.piece length', '']])
}

/** The same for what edit removes: a flag may be removed by its key, too, which may be 0. */
export function keptByUnset(): ReadonlyMap<string, string> {
  const flags = Object.values(FIELDS).flatMap(({ form, key, place }: TorrentField) => {
    return form === 'flag' ? [place === 'info' ? `info.${key}` : key] : []
  })
  return new Map([...ownKeysOfEdit()].filter(([name]) => !flags.includes(name)))
}

const IN_INFO = 'info.'

/**
 * Parses `KEY=JSON`. A key that begins with `info.` belongs to `info`. `own` has the keys that have
 * options of their own.
 * @throws BtkitError `usage`
 */
export function parseExtraKey(text: string, own = ownKeys(({ option }) => option)): ExtraKey {
  const at = text.indexOf('=')
  if (at < 0) throw refusal(text, 'not of the form KEY=JSON')
  const name = parseName(text.slice(0, at), '--set', own, text)
  try {
    const value = bencodeFromJson(text.slice(at + 1))
    return { ...name, value: name.key === 'similar' ? infoHashes(value) : value }
  } catch (error) {
    throw error instanceof BtkitError ? refusal(name.name, error.message) : error
  }
}

/** The info hashes of `similar` (BEP 38), which are typed in hexadecimal. */
function infoHashes(value: BencodeValue): BencodeValue {
  return (Array.isArray(value) ? value : [value]).map((each) => {
    const text = isByteString(each) ? Buffer.from(each).toString() : ''
    return Buffer.from(parseInfoHash(text), 'hex')
  })
}

/**
 * Parses the name of a key for `option`. `typed` is the whole argument.
 * @throws BtkitError `usage`
 */
export function parseName(
  name: string,
  option: string,
  own: ReadonlyMap<string, string>,
  typed: string,
): KeyName {
  const isInInfo = name.startsWith(IN_INFO)
  const key = isInInfo ? name.slice(IN_INFO.length) : name
  if (key === '') throw refusal(typed, 'the name of the key is empty', option)
  const instead = own.get(name)
  if (instead === undefined) return { name, isInInfo, key: dictKey(key) }
  const why = instead === '' ? 'btkit computes this key from the content' : `use ${instead} instead`
  throw refusal(name, why, option)
}

/** The keys of `--set`, in `info` and beside it. */
export function extraKeys(set: readonly ExtraKey[]) {
  const [infoKeys, keys]: [BencodeDict, BencodeDict] = [new Map(), new Map()]
  for (const { key, value, isInInfo } of set) {
    const own = isInInfo ? infoKeys : keys
    if (own.has(key)) throw refusal(`${isInInfo ? IN_INFO : ''}${key}`, 'is given twice')
    own.set(key, value)
  }
  return { infoKeys, keys }
}

function refusal(what: string, why: string, option = '--set'): BtkitError {
  return usageError(`${option} ${what}: ${why}`)
}
