import { Buffer } from 'node:buffer'
import { isSameBytes } from '../base/bytes.js'
import { decodeBencode } from './bencode/decode.js'
import { encodeBencode } from './bencode/encode.js'
import type { BencodeDict } from './bencode/value.js'
import { infoBytes, type Metainfo } from './metainfo.js'

/** A key of which two dictionaries of `info` have other values. */
export interface KeyDifference {
  /** The path of the file whose entry they are; empty for `info` itself. */
  readonly path: string
  readonly key: string
  /** Encoded; undefined if the dictionary lacks the key. */
  readonly first: Uint8Array | undefined
  readonly second: Uint8Array | undefined
}

/** Keys of `info`, and of files, that are compared elsewhere or follow from the content. */
const LISTS: ReadonlySet<string> = new Set(['file tree', 'files', 'pieces'])
const CONTENT: ReadonlySet<string> = new Set(['length', 'pieces root'])

/**
 * Returns each key, besides those of the content, of which `info` or entries in the file lists of
 * two torrents have other values; of entries the first file for which that is so.
 */
export function keyDifferences(a: Metainfo, b: Metainfo): KeyDifference[] {
  const [first, second] = [dictsOf(a), dictsOf(b)]
  const found = new Map<string, KeyDifference>()
  for (const [path, dict] of first) {
    const other = second.get(path)
    const left = path === '' ? LISTS : CONTENT
    for (const key of other ? new Set([...dict.keys(), ...other.keys()]) : []) {
      const place = path === '' ? `info.${key}` : key
      if (left.has(key) || found.has(place)) continue
      const [one, two] = [dict, other].map((each) => encodedIn(each, key))
      if (!isSameBytes(one ?? null, two ?? null))
        found.set(place, { path, key, first: one, second: two })
    }
  }
  return [...found.values()]
}

function encodedIn(dict: BencodeDict | undefined, key: string): Uint8Array | undefined {
  const value = dict?.get(key)
  return value === undefined ? undefined : encodeBencode(value)
}

/** `info`, and the entries of both file lists by path. */
function dictsOf(metainfo: Metainfo): Map<string, BencodeDict> {
  const info = decodeBencode(infoBytes(metainfo))
  if (!(info instanceof Map)) return new Map()
  const entries = new Map([['', info]])
  const { files } = metainfo
  const list = info.get('files')
  if (Array.isArray(list)) {
    for (const [i, entry] of list.entries()) {
      const { path = [], padding = true } = files[i] ?? {}
      if (entry instanceof Map && !padding) entries.set(path.join('/'), entry)
    }
  }
  const tree = info.get('file tree')
  if (tree instanceof Map) addLeaves(tree, '', entries)
  return entries
}

/** Adds the keys of files in a tree (BEP 52), in which the key of a file's own entry is empty. */
function addLeaves(tree: BencodeDict, path: string, entries: Map<string, BencodeDict>): void {
  for (const [name, value] of tree) {
    if (!(value instanceof Map)) continue
    if (name !== '') addLeaves(value, `${path}/${Buffer.from(name, 'latin1').toString()}`, entries)
    else entries.set(`file tree${path}`, value)
  }
}
