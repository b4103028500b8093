import { basename, join } from 'node:path'
import { BtkitError } from '../errors.js'
import { checkEditable, checkWritable, type Editable } from '../files/check-editable.js'
import { checkTarget } from '../files/check-target.js'
import { readBounded } from '../files/read-bounded.js'
import type { Writer } from '../files/write-many.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import type { TorrentEdit } from '../metainfo/splice-torrent.js'
import { editTorrent } from './edit-torrent.js'
import { readTorrent } from './read-torrent.js'

/** What to do with each of the files. */
export interface EditRequest {
  readonly edit: TorrentEdit
  /** In bytes. */
  readonly maxTorrentSize: number
  /** Where the results go, under the names of the files; null for their own place. */
  readonly outputDirectory: string | null
  readonly dryRun: boolean
}

/** A torrent that was edited in memory, or left as it was when the edit changes nothing. */
export interface EditedFile {
  readonly file: string
  readonly before: Metainfo
  /** The same object as `before` when the edit changes nothing. */
  readonly after: Metainfo
  readonly editable: Editable
}

/**
 * Reads and edits a torrent; nothing is written yet.
 * @throws BtkitError that names the file
 */
export function prepareEdit(file: string, { edit, maxTorrentSize }: EditRequest): EditedFile {
  const editable = checkEditable(file)
  const before = readTorrent(file, maxTorrentSize)
  try {
    return { file, before, after: editTorrent(before, edit), editable }
  } catch (error) {
    throw error instanceof BtkitError ? error.of(file) : error
  }
}

/**
 * Writes an edited torrent to its place, if that holds anything else; in a dry run it only finds
 * out whether that could be done.
 * @throws BtkitError that names the place
 */
export async function storeEdit(
  edited: EditedFile,
  { outputDirectory, dryRun }: EditRequest,
  writer: Writer,
): Promise<void> {
  const { file, before, after, editable } = edited
  const isInPlace = outputDirectory === null
  const target = isInPlace ? file : join(outputDirectory, basename(file))
  if (isInPlace ? after === before : holds(target, after.bytes)) return
  if (isInPlace) checkWritable(file)
  if (dryRun) checkTarget(target, {})
  else if (isInPlace) await writer.write(target, after.bytes, editable)
  else await writer.write(target, after.bytes, { mode: editable.mode })
}

/** Whether a file holds just these bytes; one that can't be read does not. */
function holds(path: string, bytes: Uint8Array): boolean {
  try {
    checkEditable(path)
    return Buffer.compare(readBounded(path, bytes.length), bytes) === 0
  } catch (error) {
    if (error instanceof BtkitError) return false
    throw error
  }
}
