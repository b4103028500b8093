import { dirname, join } from 'node:path'
import { writeAtomically, type WriteOptions, checkTarget } from '../../disk/write/atomically.js'
import type { Content } from '../digests/content.js'
import { isChecksumName, type ChecksumName, checkReplaceableList, formatChecksums } from './list.js'
import type { ScannedFile } from '../../disk/file-lists/scanned-file.js'

/** A list of checksums beside a torrent. */
export interface ChecksumList {
  readonly name: ChecksumName
  readonly path: string
}

/** Returns the lists beside a torrent; their names begin with the name of its content. */
export function listsBeside(
  torrent: string,
  name: string,
  names: readonly ChecksumName[],
): ChecksumList[] {
  return names.map((each) => ({ name: each, path: join(dirname(torrent), listName(name, each)) }))
}

/** The file name of the list of some content. */
export function listName(name: string, checksum: ChecksumName): string {
  return `${name}.${checksum}`
}

/**
 * Parses the name of a list into the name of its content and the checksum; null if it is not a
 * list's name.
 */
export function parseListName(
  fileName: string,
): { readonly name: string; readonly checksum: ChecksumName } | null {
  const dot = fileName.lastIndexOf('.')
  const checksum = fileName.slice(dot + 1)
  return dot > 0 && isChecksumName(checksum) ? { name: fileName.slice(0, dot), checksum } : null
}

/**
 * Checks that lists can be written.
 * @throws BtkitError as checkTarget does
 */
export function checkLists(lists: readonly ChecksumList[], rules: ListRules): void {
  for (const list of lists) checkTarget(list.path, writeOptions(list, rules))
}

/** How to write lists, and whether to replace even files that are no lists. */
interface ListRules {
  readonly write: Omit<WriteOptions, 'checkReplaceable'>
  readonly force?: boolean
}

/** A file with a digest for each list, in that order. */
export interface ListedFile {
  readonly file: ScannedFile
  readonly digests: readonly Uint8Array[]
}

/**
 * Writes the lists of a torrent's files. Their paths begin with the torrent's name.
 * @throws BtkitError as writeAtomically does
 */
export async function writeLists(
  lists: readonly ChecksumList[],
  checksums: readonly ListedFile[],
  { request, content }: { readonly request: ListRules; readonly content: Content },
): Promise<void> {
  for (const [i, list] of lists.entries()) {
    const bytes = composeList(content, checksums, i)
    await writeAtomically(list.path, bytes, writeOptions(list, request))
  }
}

/** Returns the list of checksum number `i` for the files of some content. */
export function composeList(
  { name, isDirectory }: Content,
  checksums: readonly ListedFile[],
  i: number,
): Uint8Array {
  return formatChecksums(
    checksums.map(({ file, digests }) => ({
      path: isDirectory ? [name, ...file.path].join('/') : name,
      digest: digests[i] ?? new Uint8Array(0),
    })),
  )
}

function writeOptions({ name }: ChecksumList, { write, force }: ListRules): WriteOptions {
  if (force) return write
  const checkReplaceable = (path: string) => {
    checkReplaceableList(path, name)
  }
  return { ...write, checkReplaceable }
}
