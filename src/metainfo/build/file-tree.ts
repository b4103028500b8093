import { LazyDict, sortedEntries } from '../bencode/encode.js'
import type { BencodeDict } from '../bencode/value.js'
import { encodePath, isPadFile, type InfoFile } from './info-file.js'

/** The empty key, under which what is said of a file stands; no name is empty. */
const LEAF = ''

/** What is in a directory, by the names as keys. */
type Directory = Map<string, InfoFile | Directory>

/**
 * The `file tree` of BEP 52: a dictionary for each directory, by the names in it, and below each
 * file's name one that holds its length, root and attributes under the empty key. There are no pad
 * files in it: in v2 each file begins a piece.
 */
export function buildFileTree(files: readonly InfoFile[]): LazyDict {
  const tree: Directory = new Map()
  for (const file of files) {
    if (isPadFile(file)) continue
    let directory = tree
    const last = file.path.length - 1
    for (let at = 0; at < last; at++) directory = openDirectory(directory, file.path[at] ?? '')
    directory.set(keyOf(file.path[last] ?? ''), file)
  }
  return new LazyDict(entriesOf(tree))
}

function openDirectory(above: Directory, name: string): Directory {
  const key = keyOf(name)
  const known = above.get(key)
  if (known instanceof Map) return known
  const directory: Directory = new Map()
  above.set(key, directory)
  return directory
}

function* entriesOf(directory: Directory): Generator<[string, BencodeDict | LazyDict]> {
  for (const [key, entry] of sortedEntries(directory)) {
    const isDirectory = entry instanceof Map
    yield [key, isDirectory ? new LazyDict(entriesOf(entry)) : new Map([[LEAF, describe(entry)]])]
  }
}

/** A symbolic link has no length here, as libtorrent has it: where it leads says all. */
function describe({ attr, length, piecesRoot, symlinkPath }: InfoFile): BencodeDict {
  const leaf: BencodeDict = new Map()
  if (attr) leaf.set('attr', Buffer.from(attr))
  if (symlinkPath) leaf.set('symlink path', encodePath(symlinkPath))
  else leaf.set('length', length)
  if (piecesRoot) leaf.set('pieces root', piecesRoot)
  return leaf
}

const NOT_ASCII = /[^\0-\x7f]/

/** Keys are the latin1 strings of their bytes; those of ASCII are the text. */
function keyOf(name: string): string {
  return NOT_ASCII.test(name) ? Buffer.from(name).toString('latin1') : name
}
