import { isSameBytes, sha256 } from '../../bytes.js'
import { join } from 'node:path'
import { checkTarget } from '../../files/write/atomically.js'
import type { TorrentDigests, TorrentRecord } from '../../state/torrent-log.js'
import type { ChecksumName } from '../checksums/list.js'
import { composeList, listName } from '../checksums/lists.js'
import { obtainChecksums, recallChecksums, type FileChecksums } from '../checksums/obtain.js'
import type { Content } from '../digests/content.js'
import { readExistingFile, type ExistingFile } from './existing-torrent.js'
import { keepOwn, type Act, type OwnFile } from './own-file.js'
import { isUntouched } from './unchanged.js'

/** Why an existing list is left unchanged. */
type ListLeftReason = 'foreign' | 'edited' | 'content not read'

/** The decision about a list of checksums, by its file name in the target. */
export type ListDecision = { readonly file: string } & (
  | { readonly kind: 'skip'; readonly reason: ListLeftReason }
  | {
      readonly kind: 'write'
      readonly isNew: boolean
      /** Null if a dry run would have to read content: then the list may stay as it is. */
      readonly act: Act | null
    }
)

/** The decisions about all lists of an entry, except those that stay unchanged. */
export interface ListDecisions {
  readonly lists: readonly ListDecision[]
  /** Bytes of content that were read for them. */
  readonly bytesRead: number
}

/** An entry; the other properties are as in OwnFile. */
export interface ListedEntry extends Pick<OwnFile, 'target' | 'source' | 'input' | 'run'> {
  readonly name: string
}

/** A list that is missing or may be outdated. */
interface UndecidedList extends OwnFile {
  readonly checksum: ChecksumName
  readonly existing: ExistingFile | null
}

const NOTHING = new Uint8Array(0)

/** Returns the requested lists of an entry that need a closer look. */
export function findUndecided(entry: ListedEntry): UndecidedList[] {
  const { name, target, run } = entry
  return run.request.checksums.flatMap((checksum) => {
    const file = listName(name, checksum)
    const path = join(target.realPath, file)
    const own = { ...entry, file, path, record: target.log.get(file) }
    if (!run.request.force && isUntouched(own)) return []
    return [{ ...own, checksum, existing: readExistingList(path) }]
  })
}

/**
 * Decides about the lists of one entry, and computes the checksums for that. Unedited lists of
 * btkit are updated. Other lists stay, but are adopted if they are exactly what btkit would write.
 * @throws BtkitError if the content cannot be read or a list could not be written
 */
export async function decideLists(
  undecided: readonly UndecidedList[],
  content: Content,
): Promise<ListDecisions> {
  const edited = undecided.filter(isEdited)
  const open = undecided.filter((list) => !isEdited(list))
  const left = edited.map((list) => skip(list, 'edited'))
  const [first] = open
  if (!first) return { lists: left, bytesRead: 0 }
  const names = open.map(({ checksum }) => checksum)
  const { request, hashContext } = first.run
  if (request.dryRun) {
    const known = recallChecksums(content, names, hashContext.cacheAccess)
    const lists = open.flatMap((list, i) => decide(list, known && composeList(content, known, i)))
    return { lists: [...left, ...lists], bytesRead: 0 }
  }
  for (const { path } of open) checkTarget(path, {})
  const found = await obtainChecksums(content, names, hashContext)
  const isSettled = found.every((each) => each.isSettled)
  const lists = open.flatMap((list, i) => {
    const { input } = list
    return decide({ ...list, input: isSettled ? input : NOTHING }, composeList(content, found, i))
  })
  return { lists: [...left, ...lists], bytesRead: sumRead(found) }
}

function sumRead(found: readonly FileChecksums[]): number {
  return found.reduce((sum, { bytesRead }) => sum + bytesRead, 0)
}

/** `bytes` is the correct list; null in a dry run that would have to read content. */
function decide(list: UndecidedList, bytes: Uint8Array | null): ListDecision[] {
  const { existing, record, run } = list
  const isReplaceable = !existing || run.request.force || record !== null
  if (bytes === null) {
    return [isReplaceable ? write(list, null) : skip(list, 'content not read')]
  }
  if (existing && isSameBytes(existing.bytes, bytes)) {
    const act = keepOwn(list, digestsOf(existing.digest))
    return act ? [{ file: list.file, kind: 'write', isNew: false, act }] : []
  }
  return [isReplaceable ? write(list, bytes) : skip(list, 'foreign')]
}

/** Whether somebody edited a list that btkit wrote. */
function isEdited({ existing, record, run }: UndecidedList): boolean {
  return (
    existing !== null && record !== null && !run.request.force && !isListOfOurs(existing, record)
  )
}

function skip({ file }: UndecidedList, reason: ListLeftReason): ListDecision {
  return { file, kind: 'skip', reason }
}

function write(list: UndecidedList, bytes: Uint8Array | null): ListDecision {
  const { file, existing, record } = list
  const replaced = existing && record ? digestsOf(existing.digest) : null
  const act = bytes && { own: list, bytes, written: digestsOf(sha256(bytes)), replaced }
  return { file, kind: 'write', isNew: !existing, act }
}

function digestsOf(file: Uint8Array): TorrentDigests {
  return { file, info: null, keys: null }
}

/** Largest list in bytes; no torrent could have the content of a larger one. */
const MAX_LIST = 1024 * 1024 * 1024

/**
 * Reads the file at the path of a list; null if there is none.
 * @throws BtkitError if it cannot be read
 */
export function readExistingList(path: string): ExistingFile | null {
  return readExistingFile(path, MAX_LIST)
}

/** Whether a list is exactly what btkit wrote, or an empty file as a crash leaves it. */
export function isListOfOurs(
  { bytes, digest }: ExistingFile,
  { written, replaced }: TorrentRecord,
): boolean {
  const known = replaced ? [written, replaced] : [written]
  return bytes.length === 0 || known.some(({ file }) => isSameBytes(file, digest))
}
