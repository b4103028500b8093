import { basename, join } from 'node:path'
import { BtkitError } from '../../errors.js'
import { checkEditable, checkWritable, type Editable } from '../../files/write/check-editable.js'
import { checkTarget } from '../../files/write/check-target.js'
import { withFileBytes } from '../../files/with-file-bytes.js'
import type { Writer } from '../../files/write/many.js'
import { hasSameInfo, withInfoHashes } from '../../metainfo/info-hashes.js'
import type { Metainfo, UnhashedMetainfo } from '../../metainfo/metainfo.js'
import type { Warning } from '../../metainfo/warning.js'
import type { TorrentEdit } from '../../metainfo/edit/splice-torrent.js'
import { checkReplaceable } from '../check-replaceable.js'
import { editTorrent } from './torrent.js'
import { parseUnhashedTorrent } from '../read-torrent.js'

/** What to do with each of the files. */
export interface EditRequest {
  readonly edit: TorrentEdit
  /** In bytes. */
  readonly maxTorrentSize: number
  /** Where the results go, under the names of the files; null for their own place. */
  readonly outputDirectory: string | null
  readonly dryRun: boolean
  /** Whether to replace even files in `outputDirectory` that are no torrents. */
  readonly force: boolean
  /** Whether to tell the info hashes even of torrents whose `info` stays as it is. */
  readonly tellHashes: boolean
}

/** What there is to say of a torrent before and after an edit, without its bytes. */
export type TorrentFacts = Pick<
  Metainfo,
  | 'announce'
  | 'announceList'
  | 'httpSeeds'
  | 'webSeeds'
  | 'nodes'
  | 'similar'
  | 'collections'
  | 'name'
  | 'comment'
  | 'createdBy'
  | 'creationDate'
  | 'private'
  | 'source'
  | 'infoHash'
  | 'infoHashV2'
>

/**
 * A torrent that was edited, or left as it was when the edit changes nothing. Info hashes are null
 * also where `info` stays as it is and nobody asked for them, as to compute them takes longest.
 */
export interface EditedFile {
  readonly file: string
  readonly isChanged: boolean
  readonly before: TorrentFacts
  readonly after: TorrentFacts
  /** What is wrong with piece layers of version 2: an edit leaves them as they are. */
  readonly warnings: readonly Warning[]
}

/** An edited torrent that is yet to be written. */
export interface PreparedEdit {
  readonly edited: EditedFile
  /** Null when there is nothing to write. */
  readonly bytes: Uint8Array | null
  readonly editable: Editable
}

/**
 * Reads and edits a torrent; nothing is written yet.
 * @throws BtkitError that names the file
 */
export function prepareEdit(file: string, request: EditRequest): PreparedEdit {
  const editable = checkEditable(file)
  return withFileBytes(file, request.maxTorrentSize, (bytes) => {
    const before = parseUnhashedTorrent(bytes, file, request.maxTorrentSize)
    const after = editNamed(file, before, request.edit)
    const isChanged = after !== before
    const isOther = isChanged && !hasSameInfo(before, after)
    const hasHashes = request.tellHashes || isOther
    const edited = {
      file,
      isChanged,
      before: factsOf(before, hasHashes),
      after: factsOf(after, hasHashes),
      warnings: layerWarnings(after),
    }
    const isWanted = isChanged || request.outputDirectory !== null
    return { edited, bytes: isWanted ? keep(after.bytes, bytes) : null, editable }
  })
}

/**
 * Writes an edited torrent, unless its target holds the same bytes already. A dry run only checks
 * that the target could be written.
 * @throws BtkitError that names the target
 */
export async function storeEdit(
  { edited: { file }, bytes, editable }: PreparedEdit,
  request: EditRequest,
  writer: Writer,
): Promise<void> {
  if (bytes === null) return
  const { outputDirectory, dryRun } = request
  const target = outputDirectory === null ? file : join(outputDirectory, basename(file))
  if (outputDirectory === null) checkWritable(file)
  else if (holds(target, bytes)) return
  const options = writeOptions(editable, request)
  if (dryRun) checkTarget(target, options)
  else await writer.write(target, bytes, options)
}

/** In its own place a torrent keeps mode and owner; a copy elsewhere keeps the mode alone. */
function writeOptions({ mode, owner }: Editable, { outputDirectory, force }: EditRequest) {
  if (outputDirectory === null) return { mode, owner }
  return force ? { mode } : { mode, checkReplaceable }
}

function layerWarnings({ warnings }: UnhashedMetainfo): Warning[] {
  return warnings.filter(({ code }) => code === 'layer-missing' || code === 'layer-wrong')
}

function editNamed(file: string, before: UnhashedMetainfo, edit: TorrentEdit): UnhashedMetainfo {
  try {
    return editTorrent(before, edit)
  } catch (error) {
    throw error instanceof BtkitError ? error.of(file) : error
  }
}

function factsOf(metainfo: UnhashedMetainfo, hasHashes: boolean): TorrentFacts {
  const { infoHash, infoHashV2 } = hasHashes ? withInfoHashes(metainfo) : NO_HASHES
  // Spelled out, because to spread takes longer than to read a small torrent
  return {
    announce: metainfo.announce,
    announceList: metainfo.announceList,
    httpSeeds: metainfo.httpSeeds,
    webSeeds: metainfo.webSeeds,
    nodes: metainfo.nodes,
    similar: metainfo.similar,
    collections: metainfo.collections,
    name: metainfo.name,
    comment: metainfo.comment,
    createdBy: metainfo.createdBy,
    creationDate: metainfo.creationDate,
    private: metainfo.private,
    source: metainfo.source,
    infoHash,
    infoHashV2,
  }
}

const NO_HASHES = { infoHash: null, infoHashV2: null }

/** Copies the bytes of an unchanged torrent, which stand in a buffer that is used again. */
function keep(bytes: Uint8Array, lent: Uint8Array): Uint8Array {
  return bytes === lent ? Buffer.from(bytes) : bytes
}

/** Whether a file holds exactly these bytes; false for one that can't be read. */
function holds(path: string, bytes: Uint8Array): boolean {
  try {
    checkEditable(path)
    return withFileBytes(path, bytes.length, (found) => Buffer.compare(found, bytes) === 0)
  } catch (error) {
    if (error instanceof BtkitError) return false
    throw error
  }
}
