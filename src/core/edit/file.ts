import { nameErrors } from '../../errors.js'
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

/** The request for editing files. */
export interface EditRequest {
  readonly edit: TorrentEdit
  /** Bytes. */
  readonly maxTorrentSize: number
  /** The path of the result for a file; null to replace the files. */
  readonly outputOf: ((file: string) => string) | null
  readonly dryRun: boolean
  /** Whether to replace files at `outputOf` that are not torrents. */
  readonly force: boolean
  /** Whether to compute info hashes even if `info` does not change. */
  readonly tellHashes: boolean
}

/** The properties of a torrent to report before and after an edit, without its bytes. */
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
 * A torrent that was edited, or left unchanged because the edit changes nothing. Info hashes are
 * null if `info` does not change and they were not requested, because computing them takes longest.
 */
export interface EditedFile {
  readonly file: string
  readonly isChanged: boolean
  readonly before: TorrentFacts
  readonly after: TorrentFacts
  /** Faults of version 2 piece layers, which an edit does not change. */
  readonly warnings: readonly Warning[]
}

/** An edited torrent before it is written. */
export interface PreparedEdit {
  readonly edited: EditedFile
  /** Null if there is nothing to write. */
  readonly bytes: Uint8Array | null
  readonly editable: Editable
  /** Whether the torrent's permissions allow changes, as far as known. */
  readonly isWritable: boolean
}

/** The context that all edits share. */
export interface EditContext {
  readonly request: EditRequest
  /** Holds the results until they are written. */
  readonly memory: ResultMemory
}

/**
 * Edits a torrent, and reads it if necessary. Writes nothing.
 * @throws BtkitError with the file's name
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
  const after = nameErrors(file, () => editTorrent(before, request.edit, memory.offer))
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
  const isWanted = isChanged || request.outputOf !== null
  const { mode, owner, fingerprint, isWritable } = found
  const bytes = isWanted ? memory.keep(after.bytes) : null
  return { edited, bytes, editable: { mode, owner, fingerprint }, isWritable }
}

function layerWarnings({ warnings }: UnhashedMetainfo): Warning[] {
  return warnings.filter(({ code }) => code === 'layer-missing' || code === 'layer-wrong')
}

function factsOf(metainfo: UnhashedMetainfo, hasHashes: boolean): TorrentFacts {
  const { infoHash, infoHashV2 } = hasHashes ? withInfoHashes(metainfo) : NO_HASHES
  // Lists all properties, because spreading takes longer than reading a small torrent
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
