import { BtkitError, nameErrors, valueOr } from '../../base/errors.js'
import { readWhole } from '../../disk/look/read-bounded.js'
import { isSamePlace } from '../../disk/look/stat-files.js'
import { claimTarget, type WriteOptions, checkTarget } from '../../disk/write/atomically.js'
import { actPath, shownPath, type FilePlace } from '../../disk/write/directory.js'
import {
  checkEditable,
  checkUnchanged,
  checkWritable,
  type Editable,
} from '../../disk/write/permissions.js'
import type { Writer } from '../../disk/write/many.js'
import { hasSameInfo, withInfoHashes, type UnhashedMetainfo } from '../../metainfo/metainfo.js'
import { DEFAULT_MAX_SIZE } from '../../metainfo/bencode/check.js'
import type { TorrentFacts } from '../../metainfo/facts.js'
import { pickFields } from '../../metainfo/fields.js'
import { lostSignatures, type TorrentEdit } from '../../metainfo/edit/splice-torrent.js'
import { requireTorrent } from '../replaced-torrent.js'
import { parseUnhashedTorrent, readTorrentBytes } from '../read-torrent.js'
import { editTorrent } from './torrent.js'

/** The request for editing files. */
export interface EditRequest {
  readonly edit: TorrentEdit
  /** Bytes (default: DEFAULT_MAX_SIZE). */
  readonly maxTorrentSize?: number | undefined
  /** The path of the result for a file; null to replace the files. */
  readonly outputOf: ((file: string) => string) | null
  readonly dryRun: boolean
  /** Whether to replace files at `outputOf` that are not torrents. */
  readonly force: boolean
  /** Whether to compute info hashes even if `info` does not change. */
  readonly tellHashes: boolean
  readonly claim?: WriteOptions['claim']
}

/**
 * A torrent that was edited, or left unchanged because the edit changes nothing. Info hashes are
 * null if `info` does not change and they were not requested, because computing them takes longest.
 */
export interface EditedFile {
  readonly file: string
  readonly isChanged: boolean
  readonly before: TorrentFacts
  readonly after: TorrentFacts
  /** Faults of piece layers, which an edit does not change, and lost signatures. */
  readonly warnings: readonly string[]
}

/** An edited torrent before it is written. */
export interface PreparedEdit {
  readonly edited: EditedFile
  /** Null if there is nothing to write. */
  readonly bytes: Uint8Array | null
  readonly place: FilePlace
  readonly editable: Editable
}

/**
 * Reads and edits a torrent. Writes nothing.
 * @throws BtkitError with the file's name
 */
export function prepareEdit(place: FilePlace, request: EditRequest): PreparedEdit {
  const { maxTorrentSize = DEFAULT_MAX_SIZE } = request
  const file = shownPath(place)
  const editable = checkEditable(place)
  const bytes = readTorrentBytes(actPath(place), maxTorrentSize, { shown: file })
  const before = parseUnhashedTorrent(bytes, file, maxTorrentSize)
  const after = nameErrors(file, () => editTorrent(before, request.edit))
  const isChanged = after !== before
  const isOther = isChanged && !hasSameInfo(before, after)
  const hasHashes = request.tellHashes || isOther
  const faults = after.warnings.filter(({ code }) => /^layer-(missing|wrong)$/.test(code))
  const edited = {
    file,
    isChanged,
    before: factsOf(before, hasHashes),
    after: factsOf(after, hasHashes),
    warnings: [...faults.map(({ message }) => message), ...lostSignatures(before, after)],
  }
  const isWanted = isChanged || request.outputOf !== null
  return { edited, bytes: isWanted ? after.bytes : null, place, editable }
}

function factsOf(metainfo: UnhashedMetainfo, hasHashes: boolean): TorrentFacts {
  const { infoHash, infoHashV2 } = hasHashes ? withInfoHashes(metainfo) : NO_HASHES
  return Object.assign(pickFields(metainfo), { name: metainfo.name, infoHash, infoHashV2 })
}

const NO_HASHES = { infoHash: null, infoHashV2: null }

/**
 * Writes an edited torrent, unless its target has the same bytes already. A dry run only checks
 * that the target can be written.
 * @throws BtkitError with the target's name; `changed` if the torrent has changed since it was
 *   read
 */
export async function storeEdit(
  prepared: PreparedEdit,
  request: EditRequest,
  writer: Writer,
): Promise<void> {
  const { edited, bytes, place } = prepared
  if (bytes === null) return
  const { outputOf, dryRun } = request
  const output = outputOf?.(edited.file) ?? null
  if (output !== null && holds(output, bytes)) return
  // A copy must not be the torrent itself through a link
  if (output !== null && isSamePlace(actPath(place), output))
    throw new BtkitError('exists', `${output}: is the torrent itself; choose another --output`)
  if (output === null) checkWritable(place)
  const target = output ?? place
  const options = writeOptions(prepared, request)
  if (!dryRun) await writer.write(target, bytes, options)
  else {
    checkTarget(target, options)
    claimTarget(target, options)
  }
}

/** Returns the write options. A copy gets the mode of the torrent. */
function writeOptions(
  { place, editable }: PreparedEdit,
  { outputOf, force, claim }: EditRequest,
): WriteOptions {
  const { mode } = editable
  if (outputOf !== null)
    return force ? { mode, claim } : { mode, claim, checkReplaceable: requireTorrent }
  const checkUntouched = () => {
    checkUnchanged(place, editable)
  }
  return { claim, checkUntouched }
}

/** Whether a file has exactly these bytes; false if it cannot be read. */
function holds(path: string, bytes: Uint8Array): boolean {
  return valueOr(false, () => {
    return Buffer.compare(readWhole(path, bytes.length), bytes) === 0
  })
}
