import { isSameBytes, sha256 } from '../../../base/bytes.js'
import type { TorrentDigests } from '../../../disk/state/torrent-log.js'
import { fingerprintAt } from '../../../disk/write/directory.js'
import type { ChecksumName } from '../../checksums/list.js'
import { composeList, listName } from '../../checksums/lists.js'
import { obtainChecksums, recallChecksums } from '../../checksums/obtain.js'
import type { Content } from '../../digests/content.js'
import { isUnedited, readExisting } from './existing.js'
import { checkPlace } from './compare.js'
import {
  keep,
  NOTHING,
  skip,
  writeUnread,
  type FileDecision,
  type OwnFile,
  type Undecided,
} from '../target/own-file.js'
import { isUntouched } from './unchanged.js'

/** The decision about a list of checksums, by its file name in the target. */
export interface ListDecision {
  readonly file: string
  readonly decision: FileDecision
}

/** The decisions about the lists of an entry, except those that stay unchanged. */
export interface ListDecisions {
  readonly lists: readonly ListDecision[]
  /** Bytes of content that were read for them. */
  readonly bytesRead: number
}

/** A list that is missing or may be outdated. */
interface UndecidedList extends Undecided {
  readonly checksum: ChecksumName
}

/** Returns the requested lists of an entry that need a closer look. `own` is its torrent. */
export function findUndecided(name: string, own: OwnFile): UndecidedList[] {
  const { target, run } = own
  return run.request.checksums.flatMap((checksum) => {
    const file = listName(name, checksum)
    const place = { directory: target.directory, name: file }
    const list = { ...own, file, place, record: target.log.get(file) }
    const found = fingerprintAt(place)
    if (!run.request.force && isUntouched(list, found)) return []
    return [{ ...list, checksum, existing: readExisting(place, found) }]
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
  const open = undecided.filter(({ existing, record, run }) => {
    return run.request.force || !existing || !record || isUnedited(existing, record)
  })
  const found = await checksumsFor(open, content)
  const isSettled = found?.every((each) => each.isSettled) ?? true
  const lists = undecided.map((list) => {
    const { file } = list
    const i = open.indexOf(list)
    if (i < 0) return { file, decision: skip('edited') }
    const bytes = found && composeList(content, found, i)
    return { file, decision: decide(isSettled ? list : { ...list, input: NOTHING }, bytes) }
  })
  const bytesRead = (found ?? []).reduce((sum, each) => sum + each.bytesRead, 0)
  return { lists: lists.filter(({ decision }) => decision.kind !== 'keep'), bytesRead }
}

/** Computes the checksums for lists; null if a dry run would have to read content. */
async function checksumsFor(lists: readonly UndecidedList[], content: Content) {
  const [first] = lists
  if (!first) return []
  const { request, hashContext } = first.run
  const names = lists.map(({ checksum }) => checksum)
  if (request.dryRun) return recallChecksums(content, names, hashContext.cacheAccess)
  for (const list of lists) checkPlace(list)
  return obtainChecksums(content, names, hashContext)
}

/** `bytes` is the correct list; null in a dry run that would have to read content. */
function decide(list: UndecidedList, bytes: Uint8Array | null): FileDecision {
  const { existing, record, run } = list
  const isReplaceable = !existing || run.request.force || record !== null
  if (bytes === null) return isReplaceable ? writeUnread(list) : skip('content not read')
  if (existing && isSameBytes(existing.bytes, bytes)) return keep(list, digestsOf(existing.digest))
  if (!isReplaceable) return skip('foreign')
  const replaced = existing && record ? digestsOf(existing.digest) : null
  const act = { own: list, bytes, written: digestsOf(sha256(bytes)), replaced }
  return { kind: 'write', existing, hashes: null, act }
}

function digestsOf(file: Uint8Array): TorrentDigests {
  return { file, info: null, keys: null }
}
