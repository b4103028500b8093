import { Buffer } from 'node:buffer'
import { isSameBytes } from '../base/bytes.js'
import { decodeBencode } from './bencode/decode.js'
import { encodeBencode } from './bencode/encode.js'
import type { BencodeDict, BencodeValue } from './bencode/value.js'
import { encodedValue } from './edit/splice-torrent.js'
import type { Metainfo } from './metainfo.js'

/** A key of which the entries of a file have other values. */
export interface EntryDifference {
  readonly path: string
  readonly key: string
  /** Encoded; undefined if the entry lacks the key. */
  readonly first: Uint8Array | undefined
  readonly second: Uint8Array | undefined
}

/** Keys that follow from the content of a file. */
const CONTENT: ReadonlySet<string> = new Set(['length', 'pieces root'])

/**
 * Returns each key, besides those of the content, of which entries in the file lists of two
 * torrents have other values, with the first file for which that is so.
 */
export function entryDifferences(a: Metainfo, b: Metainfo): EntryDifference[] {
  const [first, second] = [entriesOf(a), entriesOf(b)]
  const found = new Map<string, EntryDifference>()
  for (const [path, entry] of first) {
    const other = second.get(path)
    for (const key of new Set([...entry.keys(), ...(other?.keys() ?? [])])) {
      if (!other || CONTENT.has(key) || found.has(key)) continue
      const [one, two] = [entry, other].map((dict) => encodedIn(dict, key))
      if (!isSameBytes(one ?? null, two ?? null))
        found.set(key, { path, key, first: one, second: two })
    }
  }
  return [...found.values()]
}

function encodedIn(dict: BencodeDict, key: string): Uint8Array | undefined {
  const value = dict.get(key)
  return value === undefined ? undefined : encodeBencode(value)
}

/** The entries of both file lists by path. */
function entriesOf(metainfo: Metainfo): Map<string, BencodeDict> {
  const entries = new Map<string, BencodeDict>()
  const { files } = metainfo
  const list = valueIn(metainfo, 'files')
  if (Array.isArray(list)) {
    for (const [i, entry] of list.entries()) {
      const { path = [], padding = true } = files[i] ?? {}
      if (entry instanceof Map && !padding) entries.set(path.join('/'), entry)
    }
  }
  const tree = valueIn(metainfo, 'file tree')
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

function valueIn({ bytes, infoSpans }: Metainfo, key: string): BencodeValue | null {
  const value = encodedValue({ bytes, spans: infoSpans }, key)
  return value ? decodeBencode(value) : null
}
