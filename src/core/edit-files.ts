import { basename, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { BtkitError } from '../errors.js'
import { checkEditable, checkWritable, type Editable } from '../files/check-editable.js'
import { checkTarget } from '../files/check-target.js'
import { readBounded } from '../files/read-bounded.js'
import { createWriter, type Writer } from '../files/write-many.js'
import type { Metainfo } from '../metainfo/metainfo.js'
import type { TorrentEdit } from '../metainfo/splice-torrent.js'
import { editTorrent } from './edit-torrent.js'
import { readTorrent } from './read-torrent.js'

export interface EditRequest {
  readonly edit: TorrentEdit
  /** In bytes. */
  readonly maxTorrentSize: number
  /** Where the results go, under the names of the files; null for their own place. */
  readonly outputDirectory: string | null
  readonly dryRun: boolean
  /** Stops between files. */
  readonly signal: AbortSignal
}

/** A file that was edited, or left as it was when the edit changes nothing. */
export interface EditedFile {
  readonly file: string
  readonly before: Metainfo
  /** The same object as `before` when the edit changes nothing. */
  readonly after: Metainfo
  readonly error: null
}

/** A file that could not be edited, and is as it was. */
export interface FailedFile {
  readonly file: string
  readonly error: unknown
}

export type EditOutcome = EditedFile | FailedFile

/** Files to write at a time: enough that the disk syncs many at once. */
const IN_FLIGHT = 32

/** Files and bytes of torrents to have in memory at a time. */
const WINDOW = 64
const WINDOW_BYTES = 256 * 1024 * 1024

/**
 * Edits torrents and yields an outcome for each, in order, once it would outlive a power cut. A
 * file is written only if its bytes change, and one that fails does not stop the others.
 * @throws BtkitError `interrupted` when the signal aborts, after the outcomes of all that was begun
 */
export async function* editFiles(
  files: readonly string[],
  request: EditRequest,
): AsyncGenerator<EditOutcome> {
  const writer = createWriter({ inFlight: IN_FLIGHT })
  const window = new Window()
  let begun = 0
  for (const file of files) {
    // Lets finished writes go on, and the signal in
    await setImmediate()
    if (request.signal.aborted) break
    window.begin(file, request, writer)
    begun++
    while (window.isFull()) yield await window.next()
  }
  while (!window.isEmpty()) yield await window.next()
  if (request.signal.aborted) {
    throw new BtkitError('interrupted', `interrupted after ${begun} of ${files.length} torrents`)
  }
}
