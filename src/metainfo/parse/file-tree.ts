import { Buffer } from 'node:buffer'
import type { BencodeDict, BencodeValue, DictValues } from '../bencode/value.js'
import { readText, metainfoError, requireDict, requireString, type What } from './require-field.js'
import { quoteText } from '../../base/text/escape.js'
import type { TreeFile } from '../metainfo.js'
import { describeFile } from './file-entry.js'
import type { WarningList } from '../warning.js'
import { SHA256 } from '../sizes.js'

/** A file of the tree, before its piece layer is read. */
export type RootedFile = Pick<TreeFile, 'file' | 'piecesRoot'>

/** The empty key, which holds the properties of a file; no name is empty (BEP 52). */
const LEAF = ''

/**
 * Limit of the memory for all paths, in bytes. The tree contains a directory's name once, but the
 * paths of all its files contain it. Without a limit, a small torrent with one long name and many
 * files would use up all memory.
 */
const MAX_PATHS_SIZE = 256 * 1024 * 1024

/** Bytes of memory that a component needs beside its text. */
const REFERENCE_SIZE = 8

/**
 * Reads `info.file tree` (BEP 52): a dictionary for each directory, and for each file one that
 * holds a dictionary under the empty key. The files are returned in tree order.
 *
 * @throws BtkitError `metainfo` if the tree is malformed or has no files
 */
export function readFileTree(info: DictValues, warnings: WarningList): RootedFile[] {
  const tree = requireDict(info.get('file tree'), () => 'info.file tree')
  if (tree.has(LEAF)) throw metainfoError('info.file tree', 'has a file without a name')
  const into: Collection = { files: [], warnings, room: MAX_PATHS_SIZE }
  collectFiles(tree, [], into)
  if (into.files.length === 0) throw metainfoError('info.file tree', 'has no files')
  return into.files
}

interface Collection {
  readonly files: RootedFile[]
  readonly warnings: WarningList
  /** Approximate bytes left for paths. */
  room: number
}

/** Recursion is safe: the bencode reader limits the depth. */
function collectFiles(directory: BencodeDict, above: string[], into: Collection): void {
  const sizeAbove = above.reduce((sum, name) => sum + sizeOf(name), 0)
  for (const [key, value] of directory) {
    const name = readName(key, into.warnings)
    into.room -= sizeAbove + sizeOf(name)
    if (into.room < 0) throw metainfoError('info.file tree', 'its paths are too long together')
    const path = [...above, name]
    const node = requireDict(value, () => treeKey(path))
    const leaf = node.get(LEAF)
    if (leaf === undefined) {
      collectFiles(node, path, into)
    } else {
      if (node.size > 1) throw metainfoError(treeKey(path), 'is both a file and a directory')
      into.files.push(readLeaf(leaf, path, into.warnings))
    }
  }
}

function sizeOf(component: string): number {
  return component.length + REFERENCE_SIZE
}

function readName(key: string, warnings: WarningList): string {
  const bytes = Buffer.from(key, 'latin1')
  return readText({ bytes, twin: undefined, what: () => 'info.file tree', warnings })
}

function readLeaf(value: BencodeValue, path: string[], warnings: WarningList): RootedFile {
  const leaf = requireDict(value, () => treeKey(path))
  const file = describeFile(leaf, path, () => `${treeKey(path)} length`)
  if (file.padding) throw metainfoError(treeKey(path), 'is a pad file, which version 2 has not')
  const what = () => `${treeKey(path)} pieces root`
  const root = leaf.get('pieces root')
  if (file.length > 0) return { file, piecesRoot: readRoot(root, what) }
  if (root !== undefined) warnings.add('ignored-value', () => `${what()}: an empty file has none`)
  return { file, piecesRoot: null }
}

function readRoot(value: BencodeValue | undefined, what: What): Uint8Array {
  const root = requireString(value, what)
  if (root.length !== SHA256) throw metainfoError(what(), `is not ${SHA256} bytes long`)
  if (root.every((byte) => byte === 0)) throw metainfoError(what(), 'is all zeros')
  return root
}

function treeKey(path: readonly string[]): string {
  return `info.file tree ${quoteText(path.join('/'))}`
}
