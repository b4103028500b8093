import { Buffer } from 'node:buffer'
import { isBlank, isByteString, type BencodeValue, type DictValues } from '../bencode/value.js'
import { decodeUtf8, readText } from './require-field.js'
import type { DhtNode } from '../metainfo.js'
import type { WarningList } from '../warning.js'

/**
 * Reads the optional values of the top-level dictionary and of `info`. An invalid value does not
 * make the torrent invalid: it is ignored with a warning.
 */
export function readOptionalFields(top: DictValues, info: DictValues, warnings: WarningList) {
  const at = (key: string): Field => ({ dict: top, key, what: key, warnings })
  const inInfo = (key: string): Field => ({ dict: info, key, what: `info.${key}`, warnings })
  return {
    announce: urlField(at('announce')),
    announceList: tiersField(at('announce-list')),
    httpSeeds: seedsField(at('httpseeds')),
    webSeeds: seedsField(at('url-list')),
    nodes: nodesField(at('nodes')),
    comment: textField(at('comment')),
    createdBy: textField(at('created by')),
    creationDate: dateField(at('creation date')),
    private: flagField(inInfo('private')),
    source: textField(inInfo('source')),
    updateUrl: urlField(inInfo('update-url')),
    similar:
      bothLists(hashesField(inInfo('similar')), hashesField(at('similar')))?.map(hex) ?? null,
    collections:
      bothLists(bytesField(inInfo('collections')), bytesField(at('collections')))?.map(
        decodeUtf8,
      ) ?? null,
  }
}

/** Joins two lists: BEP 38 allows them inside `info`, outside it, or in both places. */
function bothLists<T>(inInfo: T[] | null, beside: T[] | null): T[] | null {
  return inInfo === null && beside === null ? null : [...(inInfo ?? []), ...(beside ?? [])]
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

interface Field {
  readonly dict: DictValues
  readonly key: string
  readonly what: string
  readonly warnings: WarningList
}

function ignore({ warnings, what }: Field, rule: string): null {
  warnings.add('ignored-value', () => `${what}: ${rule}`)
  return null
}

function textField(field: Field): string | null {
  const value = field.dict.get(field.key)
  if (value === undefined) return null
  if (!isByteString(value)) return ignore(field, 'is not a string')
  const twin = field.dict.get(`${field.key}.utf-8`)
  return readText({ bytes: value, twin, what: () => field.what, warnings: field.warnings })
}

/** Reads a URL. A blank text is no value. */
function urlField(field: Field): string | null {
  const value = field.dict.get(field.key)
  return value !== undefined && isBlank(value) ? ignore(field, 'is blank') : textField(field)
}

function tiersField(field: Field): string[][] | null {
  const value = field.dict.get(field.key)
  if (value === undefined) return null
  if (!Array.isArray(value)) return ignore(field, 'is not a list')
  return value.map((tier) => readTier(tier, field))
}

/** Reads a tier. A tracker in place of a tier is a tier of one. */
function readTier(tier: BencodeValue, field: Field): string[] {
  if (Array.isArray(tier)) return urlsOf(tier, field)
  ignore(field, 'has a tier that is not a list')
  return isByteString(tier) ? urlsOf([tier], field) : []
}

/** Reads a list of seeds. Some programs write a blank text for no seeds. */
function seedsField(field: Field): string[] | null {
  const value = field.dict.get(field.key)
  if (value === undefined) return null
  if (Array.isArray(value)) return urlsOf(value, field)
  if (!isByteString(value)) return ignore(field, 'is neither a string nor a list')
  return isBlank(value) ? null : urlsOf([value], field)
}

/** Reads URLs. A blank text is none. */
function urlsOf(values: readonly BencodeValue[], field: Field): string[] {
  const urls = byteStringsOf(values, field).filter((url) => !isBlank(url))
  if (values.some(isBlank)) ignore(field, 'has a blank entry')
  const { what, warnings } = field
  return urls.map((bytes) => readText({ bytes, twin: undefined, what: () => what, warnings }))
}

function byteStringsOf(values: readonly BencodeValue[], field: Field): Uint8Array[] {
  const strings = values.filter(isByteString)
  if (strings.length < values.length) ignore(field, 'has an entry that is not a string')
  return strings
}

function bytesField(field: Field): Uint8Array[] | null {
  const value = field.dict.get(field.key)
  if (value === undefined) return null
  return Array.isArray(value) ? byteStringsOf(value, field) : ignore(field, 'is not a list')
}

const INFO_HASH_LENGTH = 20

function hashesField(field: Field): Uint8Array[] | null {
  const values = bytesField(field)
  const hashes = values?.filter(({ length }) => length === INFO_HASH_LENGTH) ?? null
  if (hashes !== null && values !== null && hashes.length < values.length) {
    ignore(field, 'has an entry that is no info hash of 20 bytes')
  }
  return hashes
}

function nodesField(field: Field): DhtNode[] | null {
  const value = field.dict.get(field.key)
  if (value === undefined) return null
  if (!Array.isArray(value)) return ignore(field, 'is not a list')
  const nodes = value.map(readNode).filter((node) => node !== null)
  if (nodes.length < value.length) ignore(field, 'has an entry that is no host and port')
  return nodes
}

function readNode(value: BencodeValue): DhtNode | null {
  if (!Array.isArray(value)) return null
  const [host, port] = value
  if (!isByteString(host) || typeof port !== 'number') return null
  return { host: decodeUtf8(host), port }
}

/** The last second that a Date can represent; negative values have the same limit. */
const LATEST_DATE = 8_640_000_000_000

/** Larger creation dates are milliseconds: as seconds they would be after the year 5138. */
export const LARGEST_SECONDS = 100_000_000_000

function dateField(field: Field): number | null {
  const value = field.dict.get(field.key)
  if (value === undefined) return null
  if (typeof value !== 'number') return ignore(field, 'is not a number of seconds')
  return Math.abs(value) <= LATEST_DATE ? value : ignore(field, 'is no date')
}

function flagField(field: Field): boolean {
  const value = field.dict.get(field.key)
  if (value === undefined) return false
  if (typeof value !== 'number') ignore(field, 'is neither 0 nor 1')
  return typeof value === 'number' && value !== 0
}
