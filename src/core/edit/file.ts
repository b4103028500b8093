import { BtkitError } from '../../errors.js'
import { checkEditable, type Editable } from '../../files/write/check-editable.js'
import type { FoundFile, ReadPath } from '../../files/write/read-editables.js'
import { withFileBytes } from '../../files/with-file-bytes.js'
import { hasSameInfo, withInfoHashes } from '../../metainfo/info-hashes.js'
import type { Metainfo, UnhashedMetainfo } from '../../metainfo/metainfo.js'
import type { Warning } from '../../metainfo/warning.js'
import type { TorrentEdit } from '../../metainfo/edit/splice-torrent.js'
import { editTorrent } from './torrent.js'
import { parseUnhashedTorrent } from '../read-torrent.js'
import type { ResultMemory } from './result-memory.js'

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
  /** Whether the torrent's permissions let it be changed, as far as that is known. */
  readonly isWritable: boolean
}

/** What edits have in common. */
export interface EditContext {
  readonly request: EditRequest
  /** Keeps the results until they are written. */
  readonly memory: ResultMemory
}

/**
 * Edits a torrent, which is read unless it was before; nothing is written yet.
 * @throws BtkitError that names the file
 */
export function prepareEdit({ path, found }: ReadPath, context: EditContext): PreparedEdit {
  const { maxTorrentSize } = context.request
  if (found !== null && found.bytes.length <= maxTorrentSize) return prepare(path, found, context)
  const editable = checkEditable(path)
  return withFileBytes(path, maxTorrentSize, (bytes) =>
    prepare(path, { ...editable, bytes, isWritable: false }, context),
  )
}

function prepare(file: string, found: FoundFile, { request, memory }: EditContext): PreparedEdit {
  const before = parseUnhashedTorrent(found.bytes, file, request.maxTorrentSize)
  const after = editNamed(before, { file, edit: request.edit, memory })
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
  const { mode, owner, fingerprint, isWritable } = found
  const bytes = isWanted ? memory.keep(after.bytes) : null
  return { edited, bytes, editable: { mode, owner, fingerprint }, isWritable }
}

function layerWarnings({ warnings }: UnhashedMetainfo): Warning[] {
  return warnings.filter(({ code }) => code === 'layer-missing' || code === 'layer-wrong')
}

interface NamedEdit {
  readonly file: string
  readonly edit: TorrentEdit
  readonly memory: ResultMemory
}

function editNamed(before: UnhashedMetainfo, { file, edit, memory }: NamedEdit): UnhashedMetainfo {
  try {
    return editTorrent(before, edit, memory.offer)
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
